//! The layer for AWS SDK clients.
