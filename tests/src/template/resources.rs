//! The values of references to parameters and resources.

use serde_json::Value;

use super::{Stack, TemplateError, scalar};

/// The suffix that CloudFormation adds to generated names, after the stack's name. In AWS every stack has another one.
const SUFFIX: &str = "1A2B3C4D5E6F";

/// The resource types that have a name, and the property that can set it.
const NAMES: [(&str, &str); 7] = [
    ("AWS::Events::EventBus", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::Serverless::Function", "FunctionName"),
];

impl Stack {
    /// Returns the value of `Ref`.
    pub(super) fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        match name {
            "AWS::AccountId" => return Ok(self.account.clone().into()),
            "AWS::Region" => return Ok(self.region.clone().into()),
            "AWS::Partition" => return Ok(self.partition().into()),
            "AWS::StackName" => return Ok(self.name.clone().into()),
            _ => {}
        }
        if let Some(parameter) = self.template.body["Parameters"].get(name) {
            return self.parameter(name, parameter);
        }
        let resource = self.resource(name)?;
        if let Some(given) = self.references.get(name) {
            return Ok(given.clone().into());
        }
        Ok(match resource["Type"].as_str().unwrap_or_default() {
            "AWS::IAM::ManagedPolicy" => self.attribute(&format!("{name}.Arn"))?,
            "AWS::SQS::Queue" => format!(
                "https://sqs.{}.amazonaws.com/{}/{}",
                self.region,
                self.account,
                self.name(name)?
            ),
            _ => self.name(name)?,
        }
        .into())
    }

    fn parameter(&self, name: &str, parameter: &Value) -> Result<Value, TemplateError> {
        let value = self.parameter_value(name)?;
        Ok(match parameter["Type"].as_str() {
            Some("CommaDelimitedList") => value.split(',').map(Value::from).collect(),
            _ => value.into(),
        })
    }

    /// Returns the value of `Fn::GetAtt` for `resource.attribute`.
    pub(super) fn attribute(&self, name: &str) -> Result<String, TemplateError> {
        let unknown = || {
            TemplateError(format!(
                "the attribute {name} is not supported; add it to tests/src/template/resources.rs"
            ))
        };
        let (resource, attribute) = name.split_once('.').ok_or_else(unknown)?;
        let own = self.name(resource)?;
        match attribute {
            "Arn" => {}
            "QueueName" => return Ok(own),
            _ => return Err(unknown()),
        }
        let (service, region, account, path) = match self.kind(resource)?.as_str() {
            "AWS::IAM::ManagedPolicy" => {
                ("iam", "", self.account.as_str(), format!("policy/{own}"))
            }
            "AWS::IAM::Role" => ("iam", "", self.account.as_str(), format!("role/{own}")),
            "AWS::Events::EventBus" => (
                "events",
                self.region.as_str(),
                self.account.as_str(),
                format!("event-bus/{own}"),
            ),
            "AWS::S3::Bucket" => ("s3", "", "", own),
            "AWS::SQS::Queue" => ("sqs", self.region.as_str(), self.account.as_str(), own),
            // The asterisk stands for all log streams of the group.
            "AWS::Logs::LogGroup" => (
                "logs",
                self.region.as_str(),
                self.account.as_str(),
                format!("log-group:{own}:*"),
            ),
            "AWS::Serverless::Function" => (
                "lambda",
                self.region.as_str(),
                self.account.as_str(),
                format!("function:{own}"),
            ),
            _ => return Err(unknown()),
        };
        let partition = self.partition();
        Ok(format!(
            "arn:{partition}:{service}:{region}:{account}:{path}"
        ))
    }

    /// Returns the name of a resource, which CloudFormation generates unless the template sets it. A queue's name is
    /// the end of its URL.
    fn name(&self, name: &str) -> Result<String, TemplateError> {
        let resource = self.resource(name)?;
        if let Some(given) = self.references.get(name) {
            return Ok(given.rsplit('/').next().unwrap_or(given).to_owned());
        }
        let kind = self.kind(name)?;
        let stack = &self.name;
        let Some((_, property)) = NAMES.iter().find(|(known, _)| *known == kind) else {
            return Err(TemplateError(format!(
                "a reference to {name}, an {kind}, is not supported; add it to \
                 tests/src/template/resources.rs"
            )));
        };
        match resource["Properties"].get(property) {
            Some(set) => self.text(set),
            // Names of buckets have no capital letters.
            None if kind == "AWS::S3::Bucket" => {
                Ok(format!("{stack}-{name}-{SUFFIX}").to_lowercase())
            }
            None => Ok(format!("{stack}-{name}-{SUFFIX}")),
        }
    }

    fn kind(&self, name: &str) -> Result<String, TemplateError> {
        Ok(scalar(&self.resource(name)?["Type"]))
    }

    /// Returns a resource that the stack creates, by its logical ID.
    pub(super) fn resource(&self, name: &str) -> Result<&Value, TemplateError> {
        let resource = self.template.body["Resources"]
            .get(name)
            .ok_or_else(|| TemplateError(format!("there is no parameter or resource {name}")))?;
        if !self.is_made(resource)? {
            return Err(TemplateError(format!(
                "{name} is referenced, but its condition {} is false",
                resource["Condition"]
            )));
        }
        Ok(resource)
    }
}
