"""Controls of instances, gateways and groups that are not used here: should they come, they are judged."""

from review.catalogues.control import Control, not_used

CONTROLS = [
    *(
        Control(id_, standards, title, not_used(*kinds))
        for id_, standards, title, kinds in [
            ("EC2.4", "FSBP NIST", "Stopped instances are removed", ["AWS::EC2::Instance"]),
            ("SSM.1", "FSBP NIST", "Instances are managed by Systems Manager", ["AWS::EC2::Instance"]),
            ("SSM.2", "FSBP NIST PCI", "Instances have their patches", ["AWS::EC2::Instance"]),
            ("SSM.3", "FSBP NIST PCI", "Instances are as their associations say", ["AWS::EC2::Instance"]),
            ("SSM.4", "FSBP NIST", "No document of Systems Manager is public", ["AWS::SSM::Document"]),
            ("EC2.3", "FSBP NIST", "Attached volumes are encrypted", ["AWS::EC2::Volume"]),
            (
                "EC2.8",
                "FSBP NIST PCI CIS",
                "Instances take metadata requests of version 2 only",
                ["AWS::EC2::Instance"],
            ),
            ("EC2.9", "FSBP NIST", "Instances have no public address", ["AWS::EC2::Instance"]),
            ("EC2.16", "FSBP NIST PCI", "No network ACL is kept unused", ["AWS::EC2::NetworkAcl"]),
            ("EC2.17", "FSBP NIST", "Instances have one network interface", ["AWS::EC2::Instance"]),
            ("EC2.20", "FSBP NIST", "Both tunnels of a VPN are up", ["AWS::EC2::VPNConnection"]),
            ("EC2.21", "FSBP NIST PCI CIS", "Network ACLs let no administration in", ["AWS::EC2::NetworkAclEntry"]),
            ("EC2.23", "FSBP NIST", "Transit gateways accept no VPC by themselves", ["AWS::EC2::TransitGateway"]),
            ("EC2.24", "FSBP NIST", "No paravirtual instances", ["AWS::EC2::Instance"]),
            ("EC2.25", "FSBP NIST PCI", "Launch templates give no public address", ["AWS::EC2::LaunchTemplate"]),
            ("EC2.28", "NIST", "Volumes are in a backup plan", ["AWS::EC2::Volume"]),
            ("EC2.51", "FSBP NIST PCI", "Client VPN logs its connections", ["AWS::EC2::ClientVpnEndpoint"]),
            ("EC2.170", "FSBP PCI", "Launch templates ask for metadata version 2", ["AWS::EC2::LaunchTemplate"]),
            ("EC2.171", "FSBP PCI", "VPN connections are logged", ["AWS::EC2::VPNConnection"]),
            ("EC2.173", "FSBP", "Spot fleets encrypt their volumes", ["AWS::EC2::SpotFleet"]),
            ("EC2.180", "FSBP", "Network interfaces check source and destination", ["AWS::EC2::NetworkInterface"]),
            ("EC2.181", "FSBP", "Launch templates encrypt volumes", ["AWS::EC2::LaunchTemplate"]),
            (
                "AutoScaling.1",
                "FSBP NIST",
                "Groups ask the load balancer for health",
                ["AWS::AutoScaling::AutoScalingGroup"],
            ),
            ("AutoScaling.2", "FSBP NIST", "Groups span zones", ["AWS::AutoScaling::AutoScalingGroup"]),
            (
                "AutoScaling.3",
                "FSBP NIST PCI",
                "Launch configurations ask for metadata version 2",
                ["AWS::AutoScaling::LaunchConfiguration"],
            ),
            (
                "AutoScaling.5",
                "FSBP NIST PCI",
                "Launch configurations give no public address",
                ["AWS::AutoScaling::LaunchConfiguration"],
            ),
            (
                "AutoScaling.6",
                "FSBP NIST",
                "Groups have several instance types",
                ["AWS::AutoScaling::AutoScalingGroup"],
            ),
            ("AutoScaling.9", "FSBP NIST", "Groups use launch templates", ["AWS::AutoScaling::AutoScalingGroup"]),
        ]
    ),
]
