//! [`Functions`]: the mirror of Lambda functions.

use std::borrow::Cow;

use aws_sdk_lambda::{
    Client, operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::FunctionConfiguration,
};
use serde::{Deserialize, Serialize};
use tidegate_throttle::aws::send;

use crate::{
    Answers, Api, Arn, Fetch, FetchError, Find, Mirror, Plan, Refs, Term,
    aws::{Clients, code, failure},
};

const GET: Api = Api::new("lambda", "GetFunctionConfiguration");
const LIST: Api = Api::new("lambda", "ListFunctions");

/// Functions on a page, whatever is asked for.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
const PAGE: i32 = 50;

/// Mirrors Lambda functions: `lambda:function`, by name.
#[derive(Clone, Debug)]
pub struct Functions {
    clients: Clients<Client>,
}

/// A Lambda function, without its environment, which may hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Function {
    /// The name.
    #[serde(rename = "FunctionName")]
    pub name: String,
    /// The ARN.
    #[serde(rename = "FunctionArn")]
    pub arn: Option<String>,
    /// Such as `provided.al2023`; none for images.
    pub runtime: Option<String>,
    /// The ARN of the role that it runs as.
    pub role: Option<String>,
    /// What is called.
    pub handler: Option<String>,
    /// In MB.
    pub memory_size: Option<i32>,
    /// In seconds.
    pub timeout: Option<i32>,
    /// When it was changed last.
    pub last_modified: Option<String>,
    /// The VPC's id.
    pub vpc_id: Option<String>,
    /// Ids.
    pub subnet_ids: Vec<String>,
    /// Ids.
    pub security_group_ids: Vec<String>,
    /// The ARN of the queue or topic that takes what fails.
    pub dead_letter_target_arn: Option<String>,
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

    #[allow(unused_variables, reason = "which types are there is a matter of features")]
    fn refs(model: &Function, refs: &mut Refs<'_>) {
        #[cfg(feature = "iam")]
        refs.maybe::<crate::aws::iam::Roles>(
            "Role",
            model.role.as_deref().and_then(|arn| crate::aws::iam::name_of(arn, "role")),
        );
        #[cfg(feature = "ec2")]
        {
            use crate::aws::ec2::{SecurityGroups, Subnets, Vpcs};
            refs.maybe::<Vpcs>("VpcId", model.vpc_id.as_ref());
            refs.many::<Subnets>("SubnetIds", &model.subnet_ids);
            refs.many::<SecurityGroups>("SecurityGroupIds", &model.security_group_ids);
        }
        #[cfg(feature = "sqs")]
        if let Some(arn) = model.dead_letter_target_arn.as_deref().and_then(Arn::parse)
            && arn.service == "sqs"
        {
            // A queue is known by its name, too.
            refs.to::<crate::aws::sqs::Queues>("DeadLetterTargetArn", arn.resource);
        }
    }

    fn plan(&self) -> Plan {
        Plan::by_id(GET, 1).and_list(LIST, usize::try_from(PAGE).unwrap_or(1))
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let client = self.clients.of(cx.scope())?;
        for key in keys {
            let operation = client.get_function_configuration().function_name(*key);
            match send(cx, &cx.call(GET), || operation.clone().send()).await {
                Ok(output) => answer(&configuration(output), answers),
                // A text that is no name at all is refused as such.
                Err(error)
                    if matches!(code(&error), Some("ResourceNotFoundException" | "ValidationException")) =>
                {
                    answers.absent(key);
                }
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
        let operation = self.clients.of(cx.scope())?.list_functions().max_items(PAGE);
        let operation = operation.set_marker(page.map(str::to_owned));
        let output = send(cx, &cx.call(LIST), || operation.clone().send()).await.map_err(failure)?;
        output.functions().iter().for_each(|function| answer(function, answers));
        Ok(output.next_marker)
    }

    fn find(term: &Term) -> Find<'_> {
        match term.arn() {
            Some(Arn { service: "lambda", resource, .. }) => match resource.strip_prefix("function:") {
                Some(name) => Find::Key(name.split(':').next().unwrap_or(name).into()),
                None => Find::No,
            },
            Some(_) => Find::No,
            None if term.tag().is_some() || term.address().is_some() || term.dns_name().is_some() => Find::No,
            None => Find::List,
        }
    }
}

/// The one operation answers with a type of its own, of the same members.
fn configuration(output: GetFunctionConfigurationOutput) -> FunctionConfiguration {
    FunctionConfiguration::builder()
        .set_function_name(output.function_name)
        .set_function_arn(output.function_arn)
        .set_runtime(output.runtime)
        .set_role(output.role)
        .set_handler(output.handler)
        .set_memory_size(output.memory_size)
        .set_timeout(output.timeout)
        .set_last_modified(output.last_modified)
        .set_vpc_config(output.vpc_config)
        .set_dead_letter_config(output.dead_letter_config)
        .build()
}

fn answer(function: &FunctionConfiguration, answers: &mut Answers<Functions>) {
    let Some(name) = function.function_name().filter(|name| !name.is_empty()) else {
        answers.unreadable(None, "FunctionName");
        return;
    };
    let vpc = function.vpc_config();
    answers.found(Function {
        name: name.to_owned(),
        arn: function.function_arn().map(str::to_owned),
        runtime: function.runtime().map(|runtime| runtime.as_str().to_owned()),
        role: function.role().map(str::to_owned),
        handler: function.handler().map(str::to_owned),
        memory_size: function.memory_size(),
        timeout: function.timeout(),
        last_modified: function.last_modified().map(str::to_owned),
        vpc_id: vpc.and_then(|vpc| vpc.vpc_id()).filter(|id| !id.is_empty()).map(str::to_owned),
        subnet_ids: vpc.map(|vpc| vpc.subnet_ids().to_vec()).unwrap_or_default(),
        security_group_ids: vpc.map(|vpc| vpc.security_group_ids().to_vec()).unwrap_or_default(),
        dead_letter_target_arn: function
            .dead_letter_config()
            .and_then(|config| config.target_arn())
            .map(str::to_owned),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_term_may_be() {
        let arn = Term::new("arn:aws:lambda:eu-west-1:123456789012:function:mail:live");
        assert_eq!(Functions::find(&arn), Find::Key("mail".into()));
        assert_eq!(Functions::find(&Term::new("arn:aws:s3:::mail")), Find::No);
        assert_eq!(Functions::find(&Term::new("10.0.0.1")), Find::No);
        assert_eq!(Functions::find(&Term::new("mail")), Find::List);
    }

    #[test]
    fn one_without_a_name_costs_no_other() {
        let mut answers = Answers::new();
        answer(&FunctionConfiguration::builder().build(), &mut answers);
        answer(&FunctionConfiguration::builder().function_name("mail").build(), &mut answers);
        assert_eq!(answers.all.len(), 2);
    }
}
