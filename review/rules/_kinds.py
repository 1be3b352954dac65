"""Which kind of value a Ref or GetAtt gives, and which kind a property wants.

Source: CloudFormation template reference, "Return values" and property descriptions of each type.
"""

# Type: {attribute (empty for Ref): kind}. What is not listed is not judged.
GIVES: dict[str, dict[str, str]] = {
    # Network
    "AWS::EC2::VPC": {
        "": "VPC id",
        "VpcId": "VPC id",
        "CidrBlock": "address block",
        "DefaultSecurityGroup": "group id",
    },
    "AWS::EC2::Subnet": {
        "": "subnet id",
        "SubnetId": "subnet id",
        "VpcId": "VPC id",
        "AvailabilityZone": "zone",
        "CidrBlock": "address block",
    },
    "AWS::EC2::InternetGateway": {"": "internet gateway id", "InternetGatewayId": "internet gateway id"},
    "AWS::EC2::EgressOnlyInternetGateway": {"": "egress-only gateway id", "Id": "egress-only gateway id"},
    "AWS::EC2::VPNGateway": {"": "VPN gateway id", "VPNGatewayId": "VPN gateway id"},
    "AWS::EC2::EIP": {"": "public address", "PublicIp": "public address", "AllocationId": "allocation id"},
    "AWS::EC2::NatGateway": {"": "NAT gateway id", "NatGatewayId": "NAT gateway id", "RouteTableId": "route table id"},
    "AWS::EC2::RouteTable": {"": "route table id", "RouteTableId": "route table id"},
    "AWS::EC2::SecurityGroup": {"": "group id", "GroupId": "group id", "VpcId": "VPC id"},
    "AWS::EC2::VPCEndpoint": {"": "endpoint id", "Id": "endpoint id"},
    "AWS::EC2::VPCPeeringConnection": {"": "peering id", "Id": "peering id"},
    "AWS::EC2::TransitGateway": {"": "transit gateway id", "Id": "transit gateway id"},
    # Edge
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "": "load balancer ARN",
        "LoadBalancerArn": "load balancer ARN",
        "LoadBalancerFullName": "load balancer full name",
        "LoadBalancerName": "load balancer name",
        "DNSName": "host name",
        "CanonicalHostedZoneID": "zone id of load balancers",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "": "target group ARN",
        "TargetGroupArn": "target group ARN",
        "TargetGroupFullName": "target group full name",
        "TargetGroupName": "target group name",
    },
    "AWS::ElasticLoadBalancingV2::Listener": {"": "listener ARN", "ListenerArn": "listener ARN"},
    "AWS::ElasticLoadBalancingV2::ListenerRule": {"": "listener rule ARN", "RuleArn": "listener rule ARN"},
    "AWS::CertificateManager::Certificate": {"": "certificate ARN"},
    "AWS::Route53::HostedZone": {"": "hosted zone id", "Id": "hosted zone id"},
    "AWS::WAFv2::WebACL": {"": "web ACL name|id|scope", "Arn": "web ACL ARN", "Id": "web ACL id"},
    "AWS::CloudFront::Distribution": {"": "distribution id", "Id": "distribution id", "DomainName": "host name"},
    # Storage, keys, rights
    "AWS::S3::Bucket": {
        "": "bucket name",
        "Arn": "bucket ARN",
        "DomainName": "host name",
        "RegionalDomainName": "host name",
        "WebsiteURL": "URL",
    },
    "AWS::S3::BucketPolicy": {"": "bucket name"},
    "AWS::KMS::Key": {"": "key id", "KeyId": "key id", "Arn": "key ARN"},
    "AWS::KMS::Alias": {"": "key alias"},
    "AWS::IAM::Role": {"": "role name", "Arn": "role ARN", "RoleId": "role id"},
    "AWS::IAM::InstanceProfile": {"": "instance profile name", "Arn": "instance profile ARN"},
    "AWS::IAM::ManagedPolicy": {"": "managed policy ARN", "PolicyArn": "managed policy ARN"},
    "AWS::SecretsManager::Secret": {"": "secret ARN", "Id": "secret ARN"},
    "AWS::SNS::Topic": {"": "topic ARN", "TopicArn": "topic ARN", "TopicName": "topic name"},
    "AWS::Logs::LogGroup": {"": "log group name", "Arn": "log group ARN"},
    "AWS::Lambda::Function": {"": "function name", "Arn": "function ARN"},
    # Compute, data, alarms
    "AWS::ECS::Cluster": {"": "cluster name", "Arn": "cluster ARN"},
    "AWS::ECS::Service": {"": "service ARN", "ServiceArn": "service ARN", "Name": "service name"},
    "AWS::ECS::TaskDefinition": {"": "task definition ARN", "TaskDefinitionArn": "task definition ARN"},
    "AWS::ECR::Repository": {"": "repository name", "Arn": "repository ARN", "RepositoryUri": "repository URI"},
    "AWS::RDS::DBInstance": {
        "": "database id",
        "DBInstanceArn": "database ARN",
        "Endpoint.Address": "host name",
        "Endpoint.Port": "port",
        "DbiResourceId": "database resource id",
        "MasterUserSecret.SecretArn": "secret ARN",
    },
    "AWS::RDS::DBSubnetGroup": {"": "database subnet group"},
    "AWS::RDS::DBParameterGroup": {"": "database parameter group", "DBParameterGroupName": "database parameter group"},
    "AWS::RDS::OptionGroup": {"": "database option group"},
    "AWS::CloudWatch::Alarm": {"": "alarm name", "Arn": "alarm ARN"},
    "AWS::CloudWatch::CompositeAlarm": {"": "alarm name", "Arn": "alarm ARN"},
}

# Declared type of a parameter: kind of its value, or of each value of its list.
PARAMETERS = {
    "AWS::EC2::VPC::Id": "VPC id",
    "AWS::EC2::Subnet::Id": "subnet id",
    "AWS::EC2::SecurityGroup::Id": "group id",
    "AWS::EC2::SecurityGroup::GroupName": "group name",
    "AWS::EC2::AvailabilityZone::Name": "zone",
    "AWS::Route53::HostedZone::Id": "hosted zone id",
}

VPC, SUBNET, GROUP, TABLE = "VPC id", "subnet id", "group id", "route table id"
BALANCER, TARGETS, ROLE, BUCKET = "load balancer ARN", "target group ARN", "role ARN", "bucket name"
KEY = ("key ARN", "key id", "key alias")
ACTIONS = ("ForwardConfig.TargetGroups.*.TargetGroupArn", "TargetGroupArn")

# Type: {property: the kinds that it takes}.
WANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS::EC2::Subnet": {"VpcId": (VPC,), "AvailabilityZone": ("zone",)},
    "AWS::EC2::RouteTable": {"VpcId": (VPC,)},
    "AWS::EC2::SecurityGroup": {
        "VpcId": (VPC,),
        "SecurityGroupIngress.*.SourceSecurityGroupId": (GROUP,),
        "SecurityGroupEgress.*.DestinationSecurityGroupId": (GROUP,),
        "SecurityGroupIngress.*.CidrIp": ("address block",),
        "SecurityGroupEgress.*.CidrIp": ("address block",),
    },
    "AWS::EC2::SecurityGroupIngress": {
        "GroupId": (GROUP,),
        "SourceSecurityGroupId": (GROUP,),
        "CidrIp": ("address block",),
    },
    "AWS::EC2::SecurityGroupEgress": {
        "GroupId": (GROUP,),
        "DestinationSecurityGroupId": (GROUP,),
        "CidrIp": ("address block",),
    },
    "AWS::EC2::VPCGatewayAttachment": {
        "VpcId": (VPC,),
        "InternetGatewayId": ("internet gateway id",),
        "VpnGatewayId": ("VPN gateway id",),
    },
    "AWS::EC2::Route": {
        "RouteTableId": (TABLE,),
        "GatewayId": ("internet gateway id", "VPN gateway id", "endpoint id"),
        "NatGatewayId": ("NAT gateway id",),
        "EgressOnlyInternetGatewayId": ("egress-only gateway id",),
        "TransitGatewayId": ("transit gateway id",),
        "VpcPeeringConnectionId": ("peering id",),
        "VpcEndpointId": ("endpoint id",),
    },
    "AWS::EC2::SubnetRouteTableAssociation": {"SubnetId": (SUBNET,), "RouteTableId": (TABLE,)},
    "AWS::EC2::NatGateway": {"SubnetId": (SUBNET,), "AllocationId": ("allocation id",), "VpcId": (VPC,)},
    "AWS::EC2::VPCEndpoint": {
        "VpcId": (VPC,),
        "SubnetIds.*": (SUBNET,),
        "SecurityGroupIds.*": (GROUP,),
        "RouteTableIds.*": (TABLE,),
    },
    "AWS::EC2::FlowLog": {
        "LogGroupName": ("log group name",),
        "DeliverLogsPermissionArn": (ROLE,),
        "LogDestination": ("bucket ARN", "log group ARN"),
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "Subnets.*": (SUBNET,),
        "SecurityGroups.*": (GROUP,),
        "SubnetMappings.*.SubnetId": (SUBNET,),
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {"VpcId": (VPC,)},
    "AWS::ElasticLoadBalancingV2::Listener": {
        "LoadBalancerArn": (BALANCER,),
        "Certificates.*.CertificateArn": ("certificate ARN",),
        **{f"DefaultActions.*.{name}": (TARGETS,) for name in ACTIONS},
    },
    "AWS::ElasticLoadBalancingV2::ListenerRule": {
        "ListenerArn": ("listener ARN",),
        **{f"Actions.*.{name}": (TARGETS,) for name in ACTIONS},
    },
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": {
        "ListenerArn": ("listener ARN",),
        "Certificates.*.CertificateArn": ("certificate ARN",),
    },
    "AWS::CertificateManager::Certificate": {"DomainValidationOptions.*.HostedZoneId": ("hosted zone id",)},
    "AWS::Route53::RecordSet": {"HostedZoneId": ("hosted zone id",), "AliasTarget.DNSName": ("host name",)},
    "AWS::WAFv2::WebACLAssociation": {"WebACLArn": ("web ACL ARN",), "ResourceArn": (BALANCER,)},
    "AWS::WAFv2::LoggingConfiguration": {"ResourceArn": ("web ACL ARN",)},
    "AWS::S3::BucketPolicy": {"Bucket": (BUCKET,)},
    "AWS::S3::Bucket": {"LoggingConfiguration.DestinationBucketName": (BUCKET,)},
    "AWS::ECS::Service": {
        "Cluster": ("cluster name", "cluster ARN"),
        "TaskDefinition": ("task definition ARN",),
        "LoadBalancers.*.TargetGroupArn": (TARGETS,),
        "NetworkConfiguration.AwsvpcConfiguration.Subnets.*": (SUBNET,),
        "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups.*": (GROUP,),
        "DeploymentConfiguration.Alarms.AlarmNames.*": ("alarm name",),
    },
    "AWS::ECS::TaskDefinition": {
        "ExecutionRoleArn": (ROLE, "role name"),
        "TaskRoleArn": (ROLE, "role name"),
        "ContainerDefinitions.*.LogConfiguration.Options.awslogs-group": ("log group name",),
        "ContainerDefinitions.*.Secrets.*.ValueFrom": ("secret ARN",),
    },
    "AWS::RDS::DBInstance": {
        "VPCSecurityGroups.*": (GROUP,),
        "DBSubnetGroupName": ("database subnet group",),
        "DBParameterGroupName": ("database parameter group",),
        "OptionGroupName": ("database option group",),
        "MonitoringRoleArn": (ROLE,),
        "KmsKeyId": KEY,
    },
    "AWS::RDS::DBSubnetGroup": {"SubnetIds.*": (SUBNET,)},
    "AWS::SecretsManager::Secret": {"KmsKeyId": KEY},
    "AWS::SecretsManager::SecretTargetAttachment": {"SecretId": ("secret ARN",), "TargetId": ("database id",)},
    "AWS::Logs::LogGroup": {"KmsKeyId": ("key ARN",)},
    "AWS::Logs::MetricFilter": {"LogGroupName": ("log group name",)},
    "AWS::SNS::Subscription": {"TopicArn": ("topic ARN",)},
    "AWS::SNS::TopicPolicy": {"Topics.*": ("topic ARN",)},
    "AWS::CloudWatch::Alarm": dict.fromkeys(
        ("AlarmActions.*", "OKActions.*"), ("topic ARN", "function ARN", "alarm ARN")
    ),
    "AWS::IAM::Role": {"ManagedPolicyArns.*": ("managed policy ARN",)},
    "AWS::IAM::ManagedPolicy": {"Roles.*": ("role name",)},
    "AWS::IAM::Policy": {"Roles.*": ("role name",)},
    "AWS::IAM::InstanceProfile": {"Roles.*": ("role name",)},
}

# Dimension of CloudWatch metrics: the kind of its value. Source: CloudWatch metrics of each service.
DIMENSIONS = {
    "LoadBalancer": "load balancer full name",
    "TargetGroup": "target group full name",
    "ClusterName": "cluster name",
    "ServiceName": "service name",
    "DBInstanceIdentifier": "database id",
}
