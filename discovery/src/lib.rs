//! A ref-graph discovery cache.
