//! The lab's own server, used without a lab: a message that is kept, and a question that is answered.

use super::common::lab::Lab;
use async_nats::jetstream::{self, stream};
use async_nats::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use async_nats::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use async_nats::rustls::{self, ClientConfig, DigitallySignedStruct, SignatureScheme};
use async_nats::{Client, ConnectOptions};
use futures::StreamExt;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Of what is kept; the record of a job is as long.
const BYTES: usize = 1_300;

/// Two programs on the server of a lab, with the hub's own key.
pub(crate) struct Bare {
    asks: Client,
    pub(crate) hears: Client,
    pub(crate) keeps: jetstream::Context,
}

impl Bare {
    pub(crate) async fn on(lab: &Lab) -> Self {
        let (asks, answers, hears) = (connect(lab).await, connect(lab).await, connect(lab).await);
        let keeps = jetstream::new(asks.clone());
        let config =
            stream::Config { name: "BARE".into(), subjects: vec!["bare.>".into()], ..stream::Config::default() };
        keeps.create_stream(config).await.expect("a stream");
        let mut asked = answers.subscribe("question").await.expect("heard");
        answers.flush().await.expect("heard");
        tokio::spawn(async move {
            while let Some(question) = asked.next().await {
                let reply = question.reply.expect("somebody waits");
                answers.publish(reply, question.payload).await.expect("answered");
            }
        });
        Self { asks, hears, keeps }
    }

    /// How long it takes until the server has kept a message, and until another program has answered a question.
    pub(crate) async fn keep_and_ask(&self) -> (Duration, Duration) {
        let begun = Instant::now();
        let kept = self.keeps.publish("bare.record", vec![b'x'; BYTES].into()).await.expect("sent");
        kept.await.expect("kept");
        let kept = begun.elapsed();
        let begun = Instant::now();
        self.asks.request("question", vec![b'x'; BYTES].into()).await.expect("answered");
        (kept, begun.elapsed())
    }
}

pub(crate) async fn connect(lab: &Lab) -> Client {
    let kept = fs_err::read(lab.home.path("data/hub/hub.json")).expect("the hub's folder");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    let options = ConnectOptions::with_nkey(kept["hub"].as_str().expect("a key").to_owned());
    let connected = options.require_tls(true).tls_client_config(tls()).connect(&lab.listen).await;
    connected.expect("the server lets the hub in")
}

fn tls() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Anybody(provider.clone()));
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

/// The server was started by this program, on this computer.
#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
