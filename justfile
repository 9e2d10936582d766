# What CI runs. `just` lists the recipes; `.ci/run` runs the same commands without `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]

_default:
    @just --list

# Everything that must pass before a change lands.
ci: fmt lint test alone doc

# The formatting.
fmt:
    cargo fmt --all --check

# Every target and feature, warnings as errors.
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The tests.
test:
    cargo test --workspace

# Each published crate alone, with its default features and with none.
alone:
    bash .ci/alone

# The documentation, warnings as errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

# boto3 and the AWS CLI, from PyPI, against the embedded AWS.
conformance:
    bash conformance/run

# Licences, advisories and sources of all dependencies.
deny:
    cargo deny check

# What the published crates promise to keep.
semver:
    cargo semver-checks --workspace --exclude tour --exclude throttled-calls --exclude clone-bucket --exclude paced-service --exclude bench-throttle --exclude bench-overhead --exclude bench-clone --exclude tidegate-throttle-simulator

# The oldest compiler that is promised.
msrv:
    cargo +1.94.1 check --workspace --all-targets

# The adaptive throttle against the SDK's retry modes.
bench-throttle:
    cargo run --release -p bench-throttle

# The limiter and its rivals in a simulator, with plots.
simulate:
    cargo run --release -p bench-throttle -- --sim

# A discovery tool's 2,000 calls on EC2's documented limits.
story:
    cargo run --release -p bench-throttle -- --story

# What the throttle costs: time, memory, and instructions as valgrind counts them.
bench-overhead:
    cargo run --release -p bench-overhead

# The cloner against s5cmd.
bench-clone:
    cargo run --release -p bench-clone

# Walking a graph of resources behind a limit, in four ways.
bench-discovery:
    cargo run --release -p bench-discovery

# The page of a discovery in a real browser; it needs Node.js and Chromium.
page:
    bash conformance/page/run
