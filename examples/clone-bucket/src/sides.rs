//! [`Sides`]: the two locations, as the AWS environment or the embedded AWS reaches them.

use aws_config::BehaviorVersion;
use aws_sdk_s3::{Client, config::Builder};
use aws_smithy_http_client::tls;
use tidegate_clone::{Journal, Location};

use crate::{args::Args, embedded::Embedded, place::Place, problem::Problem, text};

/// The two sides of the clone, and the client that reaches them.
pub(crate) struct Sides {
    client: Client,
    pub(crate) from: Place,
    pub(crate) to: Place,
    journal: Option<Place>,
    owners: [Option<String>; 2],
    requester_pays: bool,
}

impl Sides {
    /// Makes the client, and asks whether both buckets are there.
    ///
    /// # Errors
    ///
    /// What is missing, in one line.
    pub(crate) async fn connect(args: &Args, embedded: Option<&Embedded>) -> Result<Self, Problem> {
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let config = match embedded {
            Some(embedded) => embedded.sdk_config().into_builder().http_client(http).build(),
            None => aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await,
        };
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err(Problem::Input("no region: set AWS_REGION, or region in the profile".to_owned()));
        }
        // A server of one's own seldom has a host name for each bucket.
        let own = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let builder = Builder::from(&config).force_path_style(own);
        let client = Client::from_conf(builder.build());
        let sides = Self {
            client,
            from: args.source(),
            to: args.destination(),
            journal: args.journal.clone(),
            owners: [args.source_owner.clone(), args.destination_owner.clone()],
            requester_pays: args.requester_pays,
        };
        for place in [&sides.from, &sides.to].into_iter().chain(&sides.journal) {
            sides.find(place).await?;
        }
        Ok(sides)
    }

    async fn find(&self, place: &Place) -> Result<(), Problem> {
        let Err(error) = self.client.head_bucket().bucket(&place.bucket).send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(service) if service.is_not_found() => {
                let bucket = &place.bucket;
                Err(Problem::Input(format!("there is no bucket {bucket:?}: create it, or correct the name")))
            }
            // Whoever may not ask may still be allowed to copy.
            Some(_) => Ok(()),
            None => Err(Problem::Failed(format!("cannot reach S3: {}", text::chain(&error)))),
        }
    }

    pub(crate) fn source(&self) -> Location {
        self.location(&self.from, self.owners[0].as_ref())
    }

    pub(crate) fn destination(&self) -> Location {
        self.location(&self.to, self.owners[1].as_ref())
    }

    pub(crate) fn journal(&self) -> Option<Journal> {
        let place = self.journal.as_ref()?;
        // A folder, whether it was written so or not.
        let folder = match place.prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Some(Journal::new(self.client.clone(), &place.bucket).prefix(folder))
    }

    fn location(&self, place: &Place, owner: Option<&String>) -> Location {
        let location = Location::new(self.client.clone(), &place.bucket).prefix(&place.prefix);
        let location = if self.requester_pays { location.requester_pays() } else { location };
        match owner {
            Some(owner) => location.expected_owner(owner),
            None => location,
        }
    }
}
