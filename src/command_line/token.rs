//! `kiosk token`: what lies in the place for tokens, for a technician.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use exchange::StorageType;
use keystore::{Contents, SlotContent, TokenStatus};
use kiosk::config::TokenWriter;
use serde_json::{Value, json};
use worker::token::{TokenAnswer, TokenRequest};
use worker::{Role, TokenEvent, TokenPlace, WatchEvent, WorkerClient, WorkerConfig};

use crate::command_line::{Layers, secret_from_input};

/// A token that is in is found within this.
const LOOKING: Duration = Duration::from_secs(5);
/// A slow module may take its time: no citizen waits.
const ANSWERING: Duration = Duration::from_secs(60);

#[derive(Subcommand)]
pub enum Token {
    /// Say what kind of token is in, if any.
    List(Place),
    /// Say what the token tells of itself, without its PIN.
    Info(Place),
    /// Sign with every key on the token; its PIN comes on standard input.
    Test(Place),
    /// Empty one place for a key, whatever lies there; the PIN comes on standard input.
    Clear {
        /// As `kiosk token info` names it.
        #[arg(long)]
        slot: String,
        /// The owner has said yes: the key cannot be had back.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
pub struct Place {
    /// pcsc:READER, serial:TTY or modules:PROFILE,PROFILE; else that of the configuration.
    #[arg(long, value_name = "PLACE")]
    place: Option<TokenPlace>,
    #[command(flatten)]
    layers: Layers,
}

impl Place {
    fn worker(&self) -> Result<WorkerClient> {
        let config = self.layers.load();
        let place = match (&self.place, &config.token_writer) {
            (Some(place), _) => place.clone(),
            (None, TokenWriter::Pcsc(reader)) => TokenPlace::Pcsc {
                reader: reader.clone(),
            },
            (None, TokenWriter::Serial(tty)) => TokenPlace::Serial { tty: tty.clone() },
            (None, TokenWriter::Modules(profiles)) => TokenPlace::Modules {
                profiles: profiles.clone(),
            },
            (None, TokenWriter::None | TokenWriter::Simulated { .. }) => {
                bail!("no place for tokens is configured: name one with --place")
            }
        };
        Ok(WorkerClient::new(WorkerConfig {
            program: config.worker,
            tokens: Some(place),
            ..WorkerConfig::new(Role::Tokens)
        }))
    }
}

/// # Errors
/// What stands in the way, with what to do.
pub fn run(command: &Token) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (place, answer) = match command {
        Token::List(place) => (place, runtime.block_on(list(place))?),
        Token::Info(place) => (place, runtime.block_on(info(place))?),
        Token::Test(place) => (place, runtime.block_on(test(place))?),
        Token::Clear { slot, yes, place } => {
            if !yes {
                bail!("{slot} would be emptied for good; say --yes when its owner has agreed");
            }
            (place, runtime.block_on(clear(place, slot))?)
        }
    };
    if place.layers.json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        print_lines(&answer, "");
    }
    let failed = answer["keys"]
        .as_array()
        .is_some_and(|keys| keys.iter().any(|key| key["signs"] == false));
    Ok(!failed)
}

async fn list(place: &Place) -> Result<Value> {
    let worker = place.worker()?;
    let mut events = worker.watch_tokens().await;
    let seen = tokio::time::timeout(LOOKING, async {
        loop {
            match events.recv().await {
                Some(WatchEvent::Token(event)) => break Some(event),
                Some(_) => {}
                None => break None,
            }
        }
    });
    let event = seen.await.ok().flatten();
    Ok(
        match event.context("the place for tokens does not answer; see the log above")? {
            TokenEvent::Removed => json!({ "tokens": [] }),
            TokenEvent::Inserted(kind) => json!({ "tokens": [kind] }),
            TokenEvent::Unknown => json!({ "tokens": ["unknown"] }),
            TokenEvent::Several => bail!("more than one token is in: leave one"),
            TokenEvent::PlaceGone => bail!("the reader or writer does not answer"),
        },
    )
}

async fn ask(worker: &WorkerClient, request: TokenRequest) -> Result<TokenAnswer> {
    let answer = worker.token(request, ANSWERING).await;
    answer.map_err(|error| anyhow!("{error} ({})", error.fault()))
}

async fn status(worker: &WorkerClient) -> Result<(StorageType, TokenStatus)> {
    match ask(worker, TokenRequest::Status).await? {
        TokenAnswer::Status(kind, status) => Ok((kind, status)),
        _ => bail!("the worker answers something else"),
    }
}

async fn contents(worker: &WorkerClient) -> Result<Contents> {
    match ask(worker, TokenRequest::Contents).await? {
        TokenAnswer::Contents(contents) => Ok(contents),
        _ => bail!("the worker answers something else"),
    }
}

async fn info(place: &Place) -> Result<Value> {
    let (kind, status) = status(&place.worker()?).await?;
    let slots: Vec<Value> = status
        .slots
        .iter()
        .map(|slot| {
            let (content, key) = match &slot.content {
                SlotContent::Empty => ("empty", None),
                SlotContent::Pending(key) => ("pending", Some(key)),
                SlotContent::Installed(key) => ("installed", Some(key)),
                SlotContent::Unknown => ("unknown", None),
            };
            json!({ "name": slot.name, "content": content, "key_id": key.map(ToString::to_string) })
        })
        .collect();
    Ok(json!({
        "kind": kind,
        "label": status.label,
        "serial": status.serial,
        "pin": { "tries_left": status.pin.tries_left, "is_default": status.pin.is_default },
        "puk": status.puk.map(|puk| json!({
            "tries_left": puk.tries_left, "is_default": puk.is_default,
        })),
        "algorithms": status.algorithms,
        "read_only": status.read_only,
        "generation_erases": status.generation_erases,
        "slots": slots,
    }))
}

/// Asks for the PIN only when there is a key to try it on.
async fn test(place: &Place) -> Result<Value> {
    let worker = place.worker()?;
    let contents = contents(&worker).await?;
    let mut keys = Vec::new();
    let all = contents.pending.iter().chain(&contents.installed);
    let mut pin = None;
    for key in all {
        let pin = match &pin {
            Some(pin) => pin,
            None => pin.insert(secret_from_input()?),
        };
        let request = TokenRequest::ReadBack {
            key: *key,
            pin: pin.clone(),
        };
        let tried = ask(&worker, request).await;
        let wrong = tried.as_ref().err().map(ToString::to_string);
        let signs = tried.is_ok();
        keys.push(json!({ "key_id": key.to_string(), "signs": signs, "why": wrong }));
        if !signs {
            // A wrong PIN must not be tried until the token is blocked.
            break;
        }
    }
    Ok(json!({ "keys": keys }))
}

async fn clear(place: &Place, slot: &str) -> Result<Value> {
    let worker = place.worker()?;
    let request = TokenRequest::Clear {
        slot: slot.to_owned(),
        pin: secret_from_input()?,
    };
    ask(&worker, request).await?;
    Ok(json!({ "cleared": slot }))
}

fn print_lines(value: &Value, indent: &str) {
    let Value::Object(members) = value else {
        println!("{indent}{value}");
        return;
    };
    for (name, member) in members {
        match member {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                println!("{indent}{name}:");
                for item in items {
                    println!("{indent}  -");
                    print_lines(item, &format!("{indent}    "));
                }
            }
            Value::Object(_) => {
                println!("{indent}{name}:");
                print_lines(member, &format!("{indent}  "));
            }
            Value::String(text) => println!("{indent}{name}: {text}"),
            other => println!("{indent}{name}: {other}"),
        }
    }
}
