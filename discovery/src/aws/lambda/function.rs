//! [`Functions`]: the mirror of Lambda functions.

use std::borrow::Cow;

use aws_sdk_lambda::{Client, operation::get_function_configuration::GetFunctionConfigurationOutput, types};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, ec2_id::is_ec2_id, failure},
};

const GET: Api = Api::new("lambda", "GetFunctionConfiguration");
const LIST: Api = Api::new("lambda", "ListFunctions");

/// Functions on a page.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
const PAGE: i32 = 50;

/// The most characters of a name.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
const LONGEST_NAME: usize = 64;

/// Mirrors Lambda functions: `lambda:function`, by name or ARN.
///
/// One by `GetFunctionConfiguration`, all by `ListFunctions`. Neither tags nor published versions are asked for.
#[derive(Clone, Debug)]
pub struct Functions {
    clients: Clients<Client>,
}

/// A function, without its environment variables: what both calls say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Function {
    /// The name.
    #[serde(rename = "FunctionName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "FunctionArn")]
    pub arn: Option<String>,
    /// What somebody noted.
    pub description: Option<String>,
    /// Such as `provided.al2023`; an image has none.
    pub runtime: Option<String>,
    /// What is called in it; an image has none.
    pub handler: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: Option<String>,
    /// In MB.
    pub memory_size: Option<i32>,
    /// In seconds.
    pub timeout: Option<i32>,
    /// RFC 3339.
    pub last_modified: Option<String>,
    /// The role that it runs as, by ARN.
    pub role: Option<String>,
    /// Where in a VPC it runs, if it does.
    pub vpc_config: Option<VpcConfig>,
    /// The ARN of the queue or topic that takes the events on which it failed.
    #[serde(rename = "DeadLetterConfig")]
    pub dead_letter_target_arn: Option<String>,
    /// The ARN of the key that encrypts its variables.
    #[serde(rename = "KMSKeyArn")]
    pub kms_key_arn: Option<String>,
}

/// Where in a VPC a function runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcConfig {
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// Ids.
    pub subnet_ids: Vec<String>,
    /// Ids.
    pub security_group_ids: Vec<String>,
}

impl Functions {
    /// A mirror that asks these clients.
    #[must_use]
    pub fn new(clients: Clients<Client>) -> Self {
        Self { clients }
    }
}

impl Mirror for Functions {
    const TYPE: &'static str = "lambda:function";

    type Model = Function;

    fn key(model: &Function) -> Cow<'_, str> {
        Cow::Borrowed(&model.name)
    }

    fn aliases(model: &Function, add: &mut dyn FnMut(&str)) {
        model.arn.iter().for_each(|arn| add(arn));
    }

    fn refs(model: &Function, refs: &mut Refs<'_>) {
        #[cfg(feature = "iam")]
        crate::aws::arns::role("Role", model.role.as_deref(), refs);
        #[cfg(feature = "ec2")]
        if let Some(inside) = &model.vpc_config {
            use crate::aws::ec2::{SecurityGroups, Subnets, Vpcs};
            refs.maybe::<Vpcs>("VpcConfig.VpcId", inside.vpc_id.as_deref());
            refs.many::<Subnets>("VpcConfig.SubnetIds", &inside.subnet_ids);
            refs.many::<SecurityGroups>("VpcConfig.SecurityGroupIds", &inside.security_group_ids);
        }
        #[cfg(feature = "sqs")]
        if let Some(arn) = model.dead_letter_target_arn.as_deref().and_then(crate::Arn::parse)
            && arn.service == "sqs"
        {
            let scope = crate::aws::arns::scope_of(&arn, refs.scope());
            refs.to_in::<crate::aws::sqs::Queues>("DeadLetterConfig", &scope, arn.resource);
        }
        #[cfg(not(any(feature = "ec2", feature = "iam", feature = "sqs")))]
        let _ = (model, refs);
    }

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_function_configuration().function_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => answer(&Described::from(&output), answers),
                Err(error) if code(&error) == Some("ResourceNotFoundException") => answers.absent(key),
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        cx: &Fetch,
        page: Option<&str>,
        answers: &mut Answers<Self>,
    ) -> Result<Option<String>, FetchError> {
        let operation =
            self.clients.of(cx.scope())?.list_functions().set_marker(page.map(str::to_owned)).max_items(PAGE);
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        for function in output.functions() {
            answer(&Described::from(function), answers);
        }
        Ok(output.next_marker.filter(|marker| !marker.is_empty()))
    }

    fn find(term: &Term) -> Find<'_> {
        if let Some(arn) = term.arn() {
            let name = arn.resource.strip_prefix("function:").filter(|_| arn.service == "lambda");
            // A version or an alias may follow.
            let name = name.and_then(|name| name.split(':').next());
            return name.map_or(Find::No, |name| Find::Key(Cow::Borrowed(name)));
        }
        let text = term.text();
        if is_name(text) && !is_ec2_id(text) { Find::Key(Cow::Borrowed(text)) } else { Find::No }
    }
}

/// Whether a text may be a name: letters, digits, `_` and `-`.
fn is_name(text: &str) -> bool {
    let is_of_names = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_of_names)
}

/// RFC 3339 of a time in Lambda's form, which has no colon in the offset.
fn time(text: &str) -> String {
    text.strip_suffix("+0000").map_or_else(|| text.to_owned(), |time| format!("{time}Z"))
}

/// What both calls say of a function, each in a type of its own.
struct Described<'a> {
    name: Option<&'a str>,
    arn: Option<&'a str>,
    description: Option<&'a str>,
    runtime: Option<&'a types::Runtime>,
    handler: Option<&'a str>,
    package_type: Option<&'a types::PackageType>,
    memory_size: Option<i32>,
    timeout: Option<i32>,
    last_modified: Option<&'a str>,
    role: Option<&'a str>,
    vpc_config: Option<&'a types::VpcConfigResponse>,
    dead_letter_config: Option<&'a types::DeadLetterConfig>,
    kms_key_arn: Option<&'a str>,
}

macro_rules! described_from {
    ($output:ty) => {
        impl<'a> From<&'a $output> for Described<'a> {
            fn from(it: &'a $output) -> Self {
                Self {
                    name: it.function_name(),
                    arn: it.function_arn(),
                    description: it.description(),
                    runtime: it.runtime(),
                    handler: it.handler(),
                    package_type: it.package_type(),
                    memory_size: it.memory_size(),
                    timeout: it.timeout(),
                    last_modified: it.last_modified(),
                    role: it.role(),
                    vpc_config: it.vpc_config(),
                    dead_letter_config: it.dead_letter_config(),
                    kms_key_arn: it.kms_key_arn(),
                }
            }
        }
    };
}

described_from!(types::FunctionConfiguration);
described_from!(GetFunctionConfigurationOutput);

fn vpc_config(it: &types::VpcConfigResponse) -> Option<VpcConfig> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let inside = VpcConfig {
        vpc_id: it.vpc_id().and_then(given),
        subnet_ids: it.subnet_ids().to_vec(),
        security_group_ids: it.security_group_ids().to_vec(),
    };
    // AWS has an empty one for none.
    Some(inside).filter(|inside| *inside != VpcConfig::default())
}

fn answer(function: &Described<'_>, answers: &mut Answers<Functions>) {
    let owned = |text: &str| text.to_owned();
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let Some(name) = function.name else {
        answers.unreadable(function.arn, "FunctionName");
        return;
    };
    answers.found(Function {
        name: name.to_owned(),
        arn: function.arn.map(owned),
        description: function.description.and_then(given),
        runtime: function.runtime.map(|it| it.as_str().to_owned()),
        handler: function.handler.and_then(given),
        package_type: function.package_type.map(|it| it.as_str().to_owned()),
        memory_size: function.memory_size,
        timeout: function.timeout,
        last_modified: function.last_modified.map(time),
        role: function.role.map(owned),
        vpc_config: function.vpc_config.and_then(vpc_config),
        dead_letter_target_arn: function.dead_letter_config.and_then(|it| it.target_arn()).map(owned),
        kms_key_arn: function.kms_key_arn.map(owned),
    });
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{
        DeadLetterConfig, EnvironmentResponse, FunctionConfiguration, VpcConfigResponse,
    };

    use super::*;
    use crate::aws::said::{Said, aliases, answers_to, find, refs, told};

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:resize";

    fn described() -> FunctionConfiguration {
        let inside =
            VpcConfigResponse::builder().vpc_id("vpc-1").subnet_ids("subnet-1").security_group_ids("sg-1");
        let failed = DeadLetterConfig::builder().target_arn("arn:aws:sqs:eu-west-1:123456789012:failed");
        FunctionConfiguration::builder()
            .function_name("resize")
            .function_arn(ARN)
            .role("arn:aws:iam::123456789012:role/service-role/resizer")
            .last_modified("2026-01-01T00:00:00.000+0000")
            .vpc_config(inside.build())
            .dead_letter_config(failed.build())
            .environment(EnvironmentResponse::builder().variables("PASSWORD", "hunter2").build())
            .build()
    }

    fn function() -> Function {
        let (models, unreadable) = told(|answers| answer(&Described::from(&described()), answers));
        assert_eq!(unreadable, []);
        models.into_iter().next().expect("a function")
    }

    #[test]
    fn a_function_without_a_name_does_not_cost_the_others() {
        let nameless = FunctionConfiguration::builder().function_arn(ARN).build();
        let nowhere = VpcConfigResponse::builder().vpc_id("").build();
        let bare = FunctionConfiguration::builder().function_name("web").vpc_config(nowhere).build();
        let (models, unreadable) = told(|answers| {
            answer(&Described::from(&nameless), answers);
            answer(&Described::from(&bare), answers);
        });
        assert_eq!(models, [Function { name: "web".to_owned(), ..Function::default() }]);
        assert_eq!(unreadable, [(Some(ARN.to_owned()), "FunctionName".to_owned())]);
    }

    #[test]
    fn both_calls_say_the_same() {
        let listed = described();
        let got = GetFunctionConfigurationOutput::builder()
            .set_function_name(listed.function_name)
            .set_function_arn(listed.function_arn)
            .set_role(listed.role)
            .set_last_modified(listed.last_modified)
            .set_vpc_config(listed.vpc_config)
            .set_dead_letter_config(listed.dead_letter_config)
            .state(types::State::Active)
            .build();
        let (models, _) = told(|answers| answer(&Described::from(&got), answers));
        assert_eq!(models, [function()]);
    }

    #[test]
    fn it_refers_to_its_role_its_network_and_its_dead_letters() {
        let expected: [Vec<Said>; _] = [
            Vec::new(),
            #[cfg(feature = "iam")]
            {
                use crate::aws::{
                    iam::Roles,
                    said::{here, one_in},
                };
                vec![one_in::<Roles>("Role", &here().global(), "resizer")]
            },
            #[cfg(feature = "ec2")]
            {
                use crate::aws::{
                    ec2::{SecurityGroups, Subnets, Vpcs},
                    said::one,
                };
                vec![
                    one::<Vpcs>("VpcConfig.VpcId", "vpc-1"),
                    one::<Subnets>("VpcConfig.SubnetIds", "subnet-1"),
                    one::<SecurityGroups>("VpcConfig.SecurityGroupIds", "sg-1"),
                ]
            },
            #[cfg(feature = "sqs")]
            vec![crate::aws::said::one::<crate::aws::sqs::Queues>("DeadLetterConfig", "failed")],
        ];
        assert_eq!(refs::<Functions>(&function()), expected.into_iter().flatten().collect::<Vec<_>>());
        assert_eq!(aliases::<Functions>(&function()), [ARN]);
    }

    #[test]
    fn its_variables_are_not_kept_and_its_time_is_as_others() {
        let json = serde_json::to_string(&function()).expect("JSON");
        assert!(!json.contains("hunter2"), "{json}");
        assert_eq!(function().last_modified.as_deref(), Some("2026-01-01T00:00:00.000Z"));
    }

    #[test]
    fn terms() {
        let long = "x".repeat(65);
        for (term, how) in [
            ("resize", "resize"),
            (ARN, "resize"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:resize:live", "resize"),
            ("arn:aws:lambda:eu-west-1:123456789012:layer:resize", "No"),
            ("arn:aws:ecs:eu-west-1:123456789012:function:resize", "No"),
            ("Name=resize", "No"),
            ("www.shop.example", "No"),
            ("10.0.0.1", "No"),
            ("i-0a1b2c3d4e5f60001", "No"),
            (&long, "No"),
        ] {
            assert_eq!(find::<Functions>(term), how, "{term}");
        }
        assert!(answers_to::<Functions>(&function(), ARN));
        assert!(!answers_to::<Functions>(&function(), "resizer"));
    }
}
