//! Reads `config.toml`.
