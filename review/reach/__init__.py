"""Who can reach whom in a resolved nest: routes, security groups and network ACLs, computed."""
