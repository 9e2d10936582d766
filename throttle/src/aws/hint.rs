//! [`CallHint`]: what the request of a call does not tell.

use std::{borrow::Cow, num::NonZeroU32};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::interceptors::{Intercept, context::BeforeSerializationInterceptorContextRef},
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use crate::{Call, Class};

/// Says of one call what its request does not: the resource whose limit it is, what it costs, how it behaves.
///
/// It wins over what the request says.
///
/// ```
/// use tidegate_throttle::aws::CallHint;
///
/// # fn of(client: &aws_sdk_kinesis::Client) {
/// let get = client
///     .get_records()
///     .shard_iterator("…")
///     .customize()
///     .interceptor(CallHint::default().resource("orders/shardId-000000000000"));
/// # let _ = get;
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallHint {
    resource: Option<Cow<'static, str>>,
    cost: Option<NonZeroU32>,
    class: Option<Class>,
}

impl CallHint {
    /// The resource whose limit it is. Default: what the request [says](crate::aws#the-limit-a-call-falls-under).
    #[must_use]
    pub fn resource(mut self, resource: impl Into<Cow<'static, str>>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// How many tokens it takes. Default: what the request says, or 1.
    #[must_use]
    pub fn cost(mut self, tokens: NonZeroU32) -> Self {
        self.cost = Some(tokens);
        self
    }

    /// How it behaves while it is in flight. Default: as AWS documents the operation.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.resource.is_none() && self.cost.is_none() && self.class.is_none()
    }

    /// What this says, and where it says nothing, `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            resource: self.resource.or(other.resource),
            cost: self.cost.or(other.cost),
            class: self.class.or(other.class),
        }
    }

    pub(crate) fn apply(&self, mut call: Call) -> Call {
        if let Some(resource) = &self.resource {
            call = call.resource(resource.clone());
        }
        if let Some(cost) = self.cost {
            call = call.cost(cost);
        }
        if let Some(class) = self.class {
            call = call.class(class);
        }
        call
    }
}

#[cfg(test)]
impl CallHint {
    pub(crate) fn resource_name(&self) -> &str {
        self.resource.as_deref().unwrap_or_default()
    }

    pub(crate) fn tokens(&self) -> u32 {
        self.cost.map_or(1, NonZeroU32::get)
    }
}

impl Storable for CallHint {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CallHint {
    fn name(&self) -> &'static str {
        "CallHint"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(self.clone());
        Ok(())
    }
}
