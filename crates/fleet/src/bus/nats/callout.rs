//! The server asks the hub who may come in, each time that somebody connects.

use super::{
    Identity,
    registry::{self, Refusal},
};
use crate::bus::{Bus, BusError};
use async_nats::{Client, Subscriber};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use futures::StreamExt;
use jiff::Timestamp;
use nkeys::KeyPair;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the server asks.
const ASKED: &str = "$SYS.REQ.USER.AUTH";
/// The account of the lab, in the server's configuration.
pub(crate) const ACCOUNT: &str = "LAB";
/// Subscriptions of one connection; ours have one a line.
const SUBSCRIPTIONS: u32 = 64;

/// What the server asks, as far as it matters.
#[derive(Debug, Deserialize)]
struct Question {
    server_id: Server,
    user_nkey: String,
    client_info: ClientInfo,
    connect_opts: Shown,
}

#[derive(Debug, Deserialize)]
struct Server {
    id: String,
}

#[derive(Debug, Deserialize)]
struct ClientInfo {
    #[serde(default)]
    host: String,
    #[serde(default)]
    nonce: String,
}

/// What somebody shows to come in.
#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(default)]
    nkey: String,
    #[serde(default)]
    sig: String,
    #[serde(default)]
    auth_token: String,
    /// `samepath ROUTE COMPUTER`, where it joins.
    #[serde(default)]
    name: String,
}

impl Shown {
    /// What the computer calls itself, for its owner to know it by: nothing hangs on it.
    fn computer(&self) -> Option<String> {
        const LETTERS: usize = 63;
        let said = self.name.splitn(3, ' ').nth(2)?;
        let plain = said.chars().filter(|each| !each.is_control()).take(LETTERS).collect::<String>();
        Some(plain.trim().to_owned()).filter(|name| !name.is_empty())
    }
}

pub(super) async fn listen(client: &Client) -> Result<Subscriber, BusError> {
    client.subscribe(ASKED).await.map_err(|_| BusError::Unreachable)
}

/// Answers until the connection ends or it is dropped. One at a time: a token is used once.
pub(super) async fn run(client: Client, mut asked: Subscriber, bus: Arc<dyn Bus>, issuer: KeyPair) {
    while let Some(message) = asked.next().await {
        let (Some(reply), Some(question)) = (message.reply, read(&message.payload)) else { continue };
        let answer = match who(&*bus, &question).await {
            Ok(identity) => json!({ "jwt": permission(&issuer, &question, &identity) }),
            // Another hub has taken over, most likely: it answers.
            Err(Refusal::Bus(error)) => {
                tracing::warn!(%error, "who may come in cannot be looked up");
                continue;
            }
            Err(why) => {
                tracing::info!(from = %question.client_info.host, %why, "somebody was not let in");
                json!({ "error": "not admitted" })
            }
        };
        let mut nats = json!({ "type": "authorization_response", "version": 2 });
        merge(&mut nats, answer);
        let claims = json!({ "sub": question.user_nkey, "aud": question.server_id.id, "nats": nats });
        drop(client.publish(reply, sign(&issuer, claims).into()).await);
    }
}

async fn who(bus: &dyn Bus, question: &Question) -> Result<Identity, Refusal> {
    let shown = &question.connect_opts;
    // Without a number that the server made up for this connection a signature proves nothing.
    if question.client_info.nonce.is_empty() || !is_signed(shown, &question.client_info.nonce) {
        return Err(Refusal::NoProof);
    }
    let token = Some(shown.auth_token.as_str()).filter(|token| !token.is_empty());
    registry::admit(bus, &shown.nkey, token, shown.computer()).await
}

/// Whether who shows a key has its private half.
fn is_signed(shown: &Shown, nonce: &str) -> bool {
    let Ok(key) = KeyPair::from_public_key(&shown.nkey) else { return false };
    let signature = BASE64.decode(shown.sig.trim_end_matches('='));
    signature.is_ok_and(|signature| key.verify(nonce.as_bytes(), &signature).is_ok())
}

/// The subjects of its own, and nothing else.
fn permission(issuer: &KeyPair, question: &Question, identity: &Identity) -> String {
    let (up, down) = identity.subjects();
    let claims = json!({
        "sub": question.user_nkey,
        "aud": ACCOUNT,
        "name": identity.caller.member,
        "nats": {
            "type": "user", "version": 2, "subs": SUBSCRIPTIONS, "data": -1, "payload": -1,
            "pub": { "allow": [up] }, "sub": { "allow": [down] },
        },
    });
    sign(issuer, claims)
}

fn read(token: &[u8]) -> Option<Question> {
    let claims = std::str::from_utf8(token).ok()?.split('.').nth(1)?;
    let mut claims: Value = serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()?;
    serde_json::from_value(claims.get_mut("nats")?.take()).ok()
}

fn sign(issuer: &KeyPair, mut claims: Value) -> String {
    let now = Timestamp::now();
    let by = json!({ "iss": issuer.public_key(), "iat": now.as_second(), "jti": now.as_nanosecond().to_string() });
    merge(&mut claims, by);
    let head = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let text = format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(claims.to_string()));
    // A hub has the private half.
    let signature = issuer.sign(text.as_bytes()).unwrap_or_default();
    format!("{text}.{}", BASE64.encode(signature))
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_whose_private_half_signed_this_very_connection() {
        let (own, other) = (KeyPair::new_user(), KeyPair::new_user());
        let shown = |by: &KeyPair, nonce: &str| Shown {
            nkey: own.public_key(),
            sig: BASE64.encode(by.sign(nonce.as_bytes()).expect("signed")),
            auth_token: String::new(),
            name: String::new(),
        };
        assert!(is_signed(&shown(&own, "this"), "this"));
        assert!(!is_signed(&shown(&own, "another"), "this"), "of a connection that was overheard");
        assert!(!is_signed(&shown(&other, "this"), "this"), "somebody else's key");
        let called = |name: &str| Shown { name: name.to_owned(), ..shown(&own, "this") }.computer();
        assert_eq!(called("samepath member.amick._._ amick's laptop"), Some("amick's laptop".to_owned()));
        assert_eq!(called("samepath member.amick._._ a\u{1b}b"), Some("ab".to_owned()));
        assert_eq!((called("samepath member.amick._._"), called("samepath x  "), called("")), (None, None, None));
        let nothing = Shown { sig: String::new(), ..shown(&own, "this") };
        assert!(!is_signed(&nothing, "this"));
    }
}
