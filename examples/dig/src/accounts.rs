//! [`Accounts`]: where to look, and with which credentials.

use std::{collections::HashMap, sync::Arc};

use aws_config::{BehaviorVersion, Region, SdkConfig, sts::AssumeRoleProvider};
use aws_smithy_http_client::tls;
use tidegate_discovery::Scope;

use crate::{args::Args, problem::Problem};

/// Where what is in no region is asked for.
const ANYWHERE: Region = Region::from_static("us-east-1");

/// The configuration of each account, and the regions.
pub(crate) struct Accounts {
    /// By account id.
    configs: Arc<HashMap<String, SdkConfig>>,
    regions: Vec<String>,
}

impl Accounts {
    /// Reads the environment, and asks whose credentials these are.
    ///
    /// # Errors
    ///
    /// What is missing, in one line.
    pub(crate) async fn connect(args: &Args, embedded: Option<SdkConfig>) -> Result<Self, Problem> {
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let own = match embedded {
            Some(config) => config.into_builder().http_client(http).build(),
            None => aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await,
        };
        let mut regions = args.regions.clone();
        if let Some(odd) = regions.iter().find(|region| !is_region(region)) {
            return Err(Problem::Input(format!("{odd:?} is no region: they are such as eu-west-1")));
        }
        if regions.is_empty() {
            let region = own.region().map(ToString::to_string).filter(|region| !region.is_empty());
            let missing = "no region: set AWS_REGION, or region in the profile, or give --region";
            regions.push(region.ok_or_else(|| Problem::Input(missing.to_owned()))?);
        }
        regions.sort();
        regions.dedup();
        let own = own.into_builder().region(Region::new(regions[0].clone())).build();
        let mut configs = HashMap::from([(account_of(&own).await?, own.clone())]);
        for role in &args.roles {
            let assumed =
                AssumeRoleProvider::builder(&*role.arn).session_name("dig").configure(&own).build().await;
            let provider = aws_credential_types::provider::SharedCredentialsProvider::new(assumed);
            let config = own.to_builder().credentials_provider(provider).build();
            configs.insert(role.account.clone(), config);
        }
        Ok(Self { configs: Arc::new(configs), regions })
    }

    /// Every account in every region.
    pub(crate) fn scopes(&self) -> Vec<Scope> {
        let mut accounts: Vec<&String> = self.configs.keys().collect();
        accounts.sort();
        let scopes = |account: &&String| {
            let account = account.as_str();
            self.regions.iter().map(move |region| Scope::new(account, &**region)).collect::<Vec<_>>()
        };
        accounts.iter().flat_map(scopes).collect()
    }

    /// With what a scope is asked.
    pub(crate) fn config(&self) -> impl Fn(&Scope) -> Option<SdkConfig> + Send + Sync + 'static {
        let configs = Arc::clone(&self.configs);
        move |scope| {
            let region = scope.region().map_or(ANYWHERE, |region| Region::new(region.to_owned()));
            Some(configs.get(scope.account())?.to_builder().region(region).build())
        }
    }
}

/// Whose credentials these are: a question that needs no permission.
async fn account_of(config: &SdkConfig) -> Result<String, Problem> {
    let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let identity = identity.map_err(|error| {
        let text = aws_sdk_sts::error::DisplayErrorContext(&error).to_string();
        let line = text.lines().next().unwrap_or_default().to_owned();
        Problem::Failed(format!("cannot tell whose credentials these are: {line}"))
    })?;
    identity.account.ok_or_else(|| Problem::Failed("AWS does not say whose credentials these are".to_owned()))
}

fn is_region(name: &str) -> bool {
    name.split('-').count() >= 3
        && name.ends_with(|last: char| last.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn regions() {
        assert!(["eu-west-1", "us-gov-east-1", "ap-southeast-2"].into_iter().all(is_region));
        assert!(!["", "europe", "eu-west-", "EU-WEST-1", "eu-west-1a/b"].into_iter().any(is_region));
    }
}
