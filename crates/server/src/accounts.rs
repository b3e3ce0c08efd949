//! `voice-service user …`: accounts from the command line, on the same data as a running server.

use std::io::BufRead;

use anyhow::{anyhow, bail};
use app::{Accounts, PASSWORD_LEN_MAX, SignUp, now};
use model::{Redacted, Username};
use store::{Account, Store};

use crate::cli::User;
use crate::compose;
use crate::config::Config;

/// Carries out a command and says what it did.
pub async fn run(config: &Config, command: User) -> anyhow::Result<()> {
    let store = compose::open_store(config).await?;
    let accounts = compose::accounts(config, &store).await?;
    match command {
        User::Add { username, password, email, display_name } => {
            let password = password.map_or_else(read_password, Ok)?;
            let sign_up = sign_up(&username, password, email, display_name)?;
            add(&accounts, &store, sign_up).await?;
        }
        User::Ban { username, reason, lift } => {
            let account = find(&store, &username).await?;
            if lift {
                store.unban(account.id, now().wall).await?;
                println!("The ban of {} is lifted.", account.username);
            } else {
                store.ban(account.id, reason.as_deref(), now().wall).await?;
                println!("{} is banned.", account.username);
            }
        }
        User::Role { username, role, remove } => {
            let account = find(&store, &username).await?;
            let found = store.role_by_name(&role).await?;
            let role = found.ok_or_else(|| anyhow!("there is no role {role}"))?;
            if remove {
                store.revoke_role(account.id, role.id).await?;
                println!("{} is no {} any more.", account.username, role.name);
            } else {
                store.grant_role(account.id, role.id).await?;
                println!("{} is {} now.", account.username, role.name);
            }
        }
    }
    store.close().await;
    Ok(())
}

async fn add(accounts: &Accounts, store: &Store, sign_up: SignUp) -> anyhow::Result<()> {
    let account = accounts.create(sign_up, true).await?;
    let roles = store.roles_of(account.id).await?;
    let roles: Vec<_> = roles.into_iter().map(|role| role.name).collect();
    match roles.as_slice() {
        [] => println!("{} is made.", account.username),
        roles => println!("{} is made, with the role {}.", account.username, roles.join(", ")),
    }
    Ok(())
}

async fn find(store: &Store, word: &str) -> anyhow::Result<Account> {
    store.account_by_word(word).await?.ok_or_else(|| anyhow!("there is no account {word}"))
}

fn read_password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("give the password with --password or as a line on standard input");
    }
    Ok(password.to_owned())
}

fn sign_up(
    username: &str,
    password: String,
    email: Option<String>,
    display_name: Option<String>,
) -> anyhow::Result<SignUp> {
    let length = password.chars().count();
    if !(4..=PASSWORD_LEN_MAX).contains(&length) {
        bail!("a password has 4 to {PASSWORD_LEN_MAX} characters");
    }
    Ok(SignUp {
        username: Username::new(username)?,
        email,
        display_name,
        password: Redacted::new(password),
        setup_code: None,
    })
}
