"""Metrics that AWS services publish: names, and the sets of dimensions under which they are found."""

# Source: Elastic Load Balancing user guide, CloudWatch metrics for your Application Load Balancer.
BALANCER = (
    "ActiveConnectionCount AnomalousHostCount BYoIPUtilPercentage ClientTLSNegotiationErrorCount ConsumedLCUs "
    "DesyncMitigationMode_NonCompliant_Request_Count DroppedInvalidHeaderRequestCount ELBAuthError "
    "ELBAuthFailure ELBAuthLatency ELBAuthRefreshTokenSuccess ELBAuthSuccess ELBAuthUserClaimsSizeExceeded "
    "ForwardedInvalidHeaderRequestCount GrpcRequestCount HTTPCode_ELB_3XX_Count HTTPCode_ELB_4XX_Count "
    "HTTPCode_ELB_500_Count HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count HTTPCode_ELB_504_Count "
    "HTTPCode_ELB_5XX_Count HTTP_Fixed_Response_Count HTTP_Redirect_Count "
    "HTTP_Redirect_Url_Limit_Exceeded_Count IPv6ProcessedBytes IPv6RequestCount JWTValidationFailureCount "
    "JWTValidationSuccessCount LambdaInternalError LambdaTargetProcessedBytes LambdaUserError "
    "LowReputationPacketsDropped LowReputationRequestsDenied MitigatedHostCount NewConnectionCount "
    "NonStickyRequestCount PeakLCUs ProcessedBytes RejectedConnectionCount RequestCount ReservedLCUs "
    "RuleEvaluations StandardProcessedBytes ZonalHealthStatus"
)
TARGETS = (
    "AnomalousHostCount HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count "
    "HTTPCode_Target_5XX_Count HealthyHostCount HealthyStateDNS HealthyStateRouting MitigatedHostCount "
    "NonStickyRequestCount RequestCount RequestCountPerTarget TargetConnectionErrorCount TargetResponseTime "
    "TargetTLSNegotiationErrorCount UnHealthyHostCount UnhealthyRoutingRequestCount UnhealthyStateDNS "
    "UnhealthyStateRouting LambdaInternalError LambdaUserError LambdaTargetProcessedBytes"
)
# Metrics that are only published with the target group. Source: the same, column Dimensions.
ONLY_WITH_TARGET_GROUP = {
    "HealthyHostCount",
    "UnHealthyHostCount",
    "HealthyStateDNS",
    "HealthyStateRouting",
    "RequestCountPerTarget",
}

# Source: ECS developer guide, Amazon ECS CloudWatch metrics.
ECS = (
    "CPUReservation CPUUtilization MemoryReservation MemoryUtilization GPUReservation "
    "EBSFilesystemUtilization ActiveConnectionCount NewConnectionCount ProcessedBytes RequestCount "
    "GrpcRequestCount HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count "
    "HTTPCode_Target_5XX_Count RequestCountPerTarget TargetProcessedBytes TargetResponseTime "
    "ClientTLSNegotiationErrorCount TargetTLSNegotiationErrorCount"
)
# Source: ECS developer guide, Container Insights metrics.
INSIGHTS = (
    "ContainerInstanceCount CpuReserved CpuUtilized DeploymentCount DesiredTaskCount EphemeralStorageReserved "
    "EphemeralStorageUtilized MemoryReserved MemoryUtilized NetworkRxBytes NetworkTxBytes PendingTaskCount "
    "RestartCount RunningTaskCount ServiceCount StorageReadBytes StorageWriteBytes TaskCount TaskSetCount "
    "UnHealthyContainerHealthStatus TaskCpuUtilization TaskMemoryUtilization TaskEphemeralStorageUtilization "
    "TaskEBSFilesystemUtilization ContainerCpuUtilized ContainerCpuReserved ContainerCpuUtilization "
    "ContainerMemoryUtilized ContainerMemoryReserved ContainerMemoryUtilization ContainerNetworkRxBytes "
    "ContainerNetworkTxBytes ContainerStorageReadBytes ContainerStorageWriteBytes EBSFilesystemSize "
    "EBSFilesystemUtilized instance_cpu_limit instance_cpu_reserved_capacity instance_cpu_usage_total "
    "instance_cpu_utilization instance_filesystem_utilization instance_memory_limit "
    "instance_memory_reserved_capacity instance_memory_utilization instance_memory_working_set "
    "instance_network_total_bytes instance_number_of_running_tasks"
)
# Source: RDS user guide, CloudWatch metrics for Amazon RDS, instance-level metrics (all engines).
RDS_INSTANCE = (
    "BinLogDiskUsage BurstBalance CheckpointLag ConnectionAttempts CPUUtilization CPUCreditUsage "
    "CPUCreditBalance CPUSurplusCreditBalance CPUSurplusCreditsCharged DatabaseConnections DBLoad DBLoadCPU "
    "DBLoadNonCPU DBLoadRelativeToNumVCPUs DiskQueueDepth DiskQueueDepthLocalStorage DiskQueueDepthLogVolume "
    "EBSByteBalance% EBSIOBalance% FailedSQLServerAgentJobsCount FreeableMemory FreeLocalStorage "
    "FreeLocalStoragePercent FreeStorageSpace FreeStorageSpaceLogVolume IamDbAuthConnectionRequests "
    "MaximumUsedTransactionIDs NetworkReceiveThroughput NetworkTransmitThroughput "
    "OldestLogicalReplicationSlotLag OldestReplicationSlotLag ReadIOPS ReadIOPSLocalStorage ReadIOPSLogVolume "
    "ReadLatency ReadLatencyLocalStorage ReadLatencyLogVolume ReadThroughput ReadThroughputLocalStorage "
    "ReadThroughputLogVolume ReplicaLag ReplicationChannelLag ReplicationSlotDiskUsage SwapUsage "
    "TransactionLogsDiskUsage TransactionLogsGeneration WriteIOPS WriteIOPSLocalStorage WriteIOPSLogVolume "
    "WriteLatency WriteLatencyLocalStorage WriteLatencyLogVolume WriteThroughput WriteThroughputLocalStorage "
    "WriteThroughputLogVolume"
)

# Namespace: names of its metrics. AWS/RDS has more for Aurora, which is not judged.
METRICS = {
    "AWS/ApplicationELB": set(BALANCER.split()) | set(TARGETS.split()),
    "AWS/ECS": set(ECS.split()),
    "ECS/ContainerInsights": set(INSIGHTS.split()),
    "AWS/RDS": set(RDS_INSTANCE.split()),
}

# Namespace: the sets of dimensions under which metrics are published. Source: the same pages, dimensions.
DIMENSIONS = {
    "AWS/ApplicationELB": (
        {"LoadBalancer"},
        {"AvailabilityZone", "LoadBalancer"},
        {"LoadBalancer", "TargetGroup"},
        {"AvailabilityZone", "LoadBalancer", "TargetGroup"},
        {"TargetGroup"},
        {"AvailabilityZone", "TargetGroup"},
    ),
    "AWS/RDS": (
        set(),
        {"DBInstanceIdentifier"},
        {"DBClusterIdentifier"},
        {"DBClusterIdentifier", "Role"},
        {"DatabaseClass"},
        {"EngineName"},
        {"SourceRegion"},
        {"DbClusterIdentifier", "EngineName"},
    ),
}
# AWS/ECS: what a service or a cluster has. Service Connect has other dimensions beside these.
ECS_KEYS = {"ClusterName", "ServiceName", "DiscoveryName", "TargetDiscoveryName", "CapacityProviderName", "VolumeName"}

# Dimension: what gives its value, in a namespace. Source: return values of the resources in CloudFormation.
VALUES = {
    ("AWS/ApplicationELB", "LoadBalancer"): ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"),
    ("AWS/ApplicationELB", "TargetGroup"): ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"),
    ("AWS/RDS", "DBInstanceIdentifier"): ("AWS::RDS::DBInstance", None),
    ("AWS/ECS", "ClusterName"): ("AWS::ECS::Cluster", None),
    ("AWS/ECS", "ServiceName"): ("AWS::ECS::Service", "Name"),
    ("ECS/ContainerInsights", "ClusterName"): ("AWS::ECS::Cluster", None),
    ("ECS/ContainerInsights", "ServiceName"): ("AWS::ECS::Service", "Name"),
}

# Literal values. Source: the same pages.
FORMS = {
    ("AWS/ApplicationELB", "LoadBalancer"): (r"app/[^/]+/[0-9a-f]+", "app/NAME/ID"),
    ("AWS/ApplicationELB", "TargetGroup"): (r"targetgroup/[^/]+/[0-9a-f]+", "targetgroup/NAME/ID"),
}
