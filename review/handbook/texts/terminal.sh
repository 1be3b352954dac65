export ENV=standard
export STACK={{project}}-$ENV
export AWS_REGION=us-east-1
export AWS_DEFAULT_REGION=$AWS_REGION
export AWS_PAGER=
TAGS="Key=Application,Value={{project}} Key=Environment,Value=$ENV"
output() {
    aws cloudformation describe-stacks --stack-name "$1" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue"
}
nested() {
    aws cloudformation describe-stack-resource --stack-name "$STACK" --logical-resource-id "$1" --output text \
        --query StackResourceDetail.PhysicalResourceId
}
set_parameter() {
    sed -i.before -E "/\"$1\"/s|(\"ParameterValue\": \")[^\"]*|\1$2|" parameters.json
}
