aws cloudformation wait change-set-create-complete --stack-name "$STACK" --change-set-name $CHANGE
for each in $(aws cloudformation describe-change-set --stack-name "$STACK" --change-set-name $CHANGE \
    --query 'Changes[].ResourceChange.ChangeSetId' --output text); do
    aws cloudformation describe-change-set --change-set-name "$each" --output text \
        --query 'Changes[].ResourceChange.[Action, Replacement, ResourceType, LogicalResourceId]'
done
