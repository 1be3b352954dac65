"""Parameters of the load balancer and of what the world sees."""

from templates.parameters.kinds import number, switch, text

EDGE = {
    "CertificateArn": text(
        "ARN of an ACM certificate in this region; turns HTTPS on and redirects HTTP to it. Empty: HTTP only, unless"
        " DomainName is given",
        r"^$|^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate/[\w-]+$",
        "must be empty or the ARN of an ACM certificate",
        "",
    ),
    "DomainName": text(
        "Host name of the application, as in www.example.com, in the zone HostedZoneId: it will lead to the load"
        " balancer, without CertificateArn a certificate for it is made and validated, and the application answers to"
        " no other name",
        r"^$|^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
        "must be empty or a host name in lower case, as in www.example.com",
        "",
    ),
    "HostedZoneId": text(
        "Route 53 zone of DomainName, in this account, as in Z0123456789ABC. Without it validation would wait for ever",
        r"^$|^Z[A-Z0-9]{4,31}$",
        "must be empty or the id of a hosted zone, which begins with Z",
        "",
    ),
    "AccessLogs": switch("true keeps the load balancer's access log in a bucket of its own"),
    "LoadBalancerDeletionProtection": switch(
        "true refuses to delete the load balancer, and so the stack, until it is set to false"
    ),
    "Firewall": switch(
        "true puts AWS WAF before the load balancer: managed rules and a limit of requests per address. $10 a month"
    ),
    "RateLimit": number(
        "With Firewall: requests that one address may send in five minutes before it is refused", 2000, 10, 2000000
    ),
}
