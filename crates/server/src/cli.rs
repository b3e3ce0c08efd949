//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

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
    /// Write down what is said in a recording.
    Transcribe {
        /// An audio file: WAV, MP3, M4A, FLAC, Ogg, WebM; - for standard input.
        file: PathBuf,
        /// What to write.
        #[arg(long, value_enum, default_value_t = Format::Txt)]
        format: Format,
    },
    /// The models of speech to text.
    #[command(subcommand)]
    Models(Models),
}

/// How a transcript is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line for each stretch of speech.
    Txt,
    /// With times, language, model and confidence.
    Json,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Download the speech model into DATA_DIR/models, unless it is there.
    Fetch,
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
