//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A self-hosted voice-room server.
#[derive(Debug, Parser)]
#[command(name = "voice-service", version, about)]
pub struct Cli {
    /// The configuration file, instead of voice-service.toml in the working directory.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Without one, the server starts.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server.
    Serve,
    /// Make and change accounts.
    #[command(subcommand)]
    User(User),
    /// Print the effective configuration, secrets redacted.
    Config,
    /// Ask the running server whether it is well; the exit code says so.
    Health,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account. The first one is the administrator.
    Add {
        /// 3 to 32 letters, digits or _.
        username: String,
        /// Its password; without this, the first line of standard input.
        #[arg(long)]
        password: Option<String>,
        /// Its e-mail address.
        #[arg(long)]
        email: Option<String>,
        /// What others read instead of the username.
        #[arg(long)]
        display_name: Option<String>,
    },
    /// Ban an account: out of every room, its tokens dead.
    Ban {
        /// Its username or e-mail address.
        username: String,
        /// Kept with the ban.
        #[arg(long)]
        reason: Option<String>,
        /// Lift the ban instead.
        #[arg(long)]
        lift: bool,
    },
    /// Give an account a role: owner, admin, moderator, or one made by an administrator.
    Role {
        /// Its username or e-mail address.
        username: String,
        /// The role's name.
        role: String,
        /// Take the role away instead.
        #[arg(long)]
        remove: bool,
    },
}
