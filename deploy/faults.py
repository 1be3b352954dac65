"""What the libraries raise, as one line that says what to do."""

from botocore import exceptions

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

_BY_TYPE = {
    exceptions.NoCredentialsError: "no AWS credentials: run `aws configure`, or set AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY (Learner Lab: also AWS_SESSION_TOKEN). Without an account: `make rehearse`",
    exceptions.PartialCredentialsError: "the AWS credentials are incomplete: an access key needs its secret",
    exceptions.NoRegionError: "no AWS region: set AWS_REGION, as in AWS_REGION=us-east-1",
    exceptions.ProfileNotFound: "there is no such profile as AWS_PROFILE names: `aws configure list-profiles`",
    exceptions.TokenRetrievalError: "the single sign-on session has ended: run `aws sso login`",
    exceptions.SSOTokenLoadError: "there is no single sign-on session: run `aws sso login`",
}


def explain(error: Exception) -> str:
    """One line for an error of botocore."""
    for kind, words in _BY_TYPE.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, exceptions.ClientError):
        return _explain_answer(error)
    if isinstance(error, exceptions.HTTPClientError):
        return f"no answer from AWS: {error}; check the network, AWS_REGION and AWS_ENDPOINT_URL"
    return f"{type(error).__name__}: {error}"


def _explain_answer(error):
    answer = error.response["Error"]
    code, message = answer.get("Code", "unknown"), " ".join(answer.get("Message", "").split())
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code in _DENIED:
        return f"AWS denies {error.operation_name} to these credentials: {message}"
    return f"AWS refused {error.operation_name}: {message} ({code})"
