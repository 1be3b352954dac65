"""What the libraries raise, as one line that says what to do."""

from botocore import exceptions

from deploy.verdict import cause_of

_BY_CODE = {
    "ExpiredToken": "the credentials have expired: get new ones (Learner Lab: AWS Details -> AWS CLI) and try again",
    "InvalidClientTokenId": "AWS does not know these credentials: check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN",
    "SignatureDoesNotMatch": "the secret key does not fit the access key: copy AWS_SECRET_ACCESS_KEY again",
    "InsufficientCapabilitiesException": "the template makes IAM roles and CloudFormation was not allowed to",
}
_BY_CODE["ExpiredTokenException"] = _BY_CODE["RequestExpired"] = _BY_CODE["ExpiredToken"]
_BY_CODE["UnrecognizedClientException"] = _BY_CODE["InvalidClientTokenId"]
_BY_CODE["InvalidSignatureException"] = _BY_CODE["SignatureDoesNotMatch"]

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}

# What an error means to someone who follows a deployment.
EXPIRED, DENIED, THROTTLED, UNREACHABLE, OTHER = "expired", "denied", "throttled", "unreachable", "other"

_BY_TYPE = {
    exceptions.NoCredentialsError: "no AWS credentials: run `aws configure`, or set AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY (Learner Lab: also AWS_SESSION_TOKEN). Without an account: `make rehearse`",
    exceptions.PartialCredentialsError: "the AWS credentials are incomplete: an access key needs its secret",
    exceptions.NoRegionError: "no AWS region: set AWS_REGION, as in AWS_REGION=us-east-1",
    exceptions.ProfileNotFound: "there is no such profile as AWS_PROFILE names: `aws configure list-profiles`",
    exceptions.TokenRetrievalError: "the single sign-on session has ended: run `aws sso login`",
    exceptions.SSOTokenLoadError: "there is no single sign-on session: run `aws sso login`",
}


_ENDED_SESSIONS = (
    exceptions.TokenRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
    exceptions.SSOTokenLoadError,
    exceptions.CredentialRetrievalError,
)

_NO_ANSWER = (exceptions.HTTPClientError, exceptions.ConnectionError)


def kind(error: Exception) -> str:
    """EXPIRED, DENIED, THROTTLED, UNREACHABLE (for a while, as after a laptop's sleep) or OTHER."""
    if isinstance(error, _ENDED_SESSIONS):
        return EXPIRED
    if isinstance(error, _NO_ANSWER):
        return UNREACHABLE
    if not isinstance(error, exceptions.ClientError):
        return OTHER
    code = error.response.get("Error", {}).get("Code", "")
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return UNREACHABLE
    kinds = {EXPIRED: _EXPIRED, DENIED: _DENIED, THROTTLED: _THROTTLED}
    return next((name for name, codes in kinds.items() if code in codes), OTHER)


def explain(error: Exception) -> str:
    """One line for an error of botocore."""
    for kind, words in _BY_TYPE.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, exceptions.ClientError):
        return _explain_answer(error)
    if isinstance(error, _NO_ANSWER):
        return f"no answer from AWS: {error}; check the network, AWS_REGION and AWS_ENDPOINT_URL"
    return f"{type(error).__name__}: {error}"


def _explain_answer(error):
    answer = error.response["Error"]
    code, message = answer.get("Code", "unknown"), " ".join(answer.get("Message", "").split())
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code in _DENIED:
        return f"AWS denies {error.operation_name} to these credentials: {message}"
    cause = cause_of({"kind": "error", "text": f"{code}: {message}"})
    advice = f"; {cause.next}" if cause and not cause.general else ""
    return f"AWS refused {error.operation_name}: {message} ({code}){advice}"
