use super::{Login, NatsSettings, OLDEST};
use crate::bus::BusError;
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerError, connection::State, rustls,
};
use samepath_wire::HERE;
use std::{
    error::Error,
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// For reaching the server and being let in, the first time, the second, and from then on. A server that has no hub to ask says nothing
/// until it gives up: whoever tries again is let in as soon as there is one. Where very many come at once, they have to wait.
const CONNECTING: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(10)];
/// How often the connection is tried where nothing passes; the second one without an answer ends it.
const PING: Duration = Duration::from_secs(5);

/// A connection, until it breaks.
pub(super) struct Connected {
    pub(super) client: Client,
    /// Cancelled when it has broken, or when the server refused something.
    pub(super) over: CancellationToken,
    /// What the server said when it refused something.
    denied: Arc<OnceLock<String>>,
}

impl Connected {
    /// Why something did not come about: what the server refused, if it did.
    pub(super) fn explain(&self, settings: &NatsSettings, error: BusError) -> BusError {
        match self.denied.get() {
            Some(said) => BusError::Server {
                server: settings.server.clone(),
                detail: format!("it does not let {HERE} use what is its own ({said})"),
            },
            // The connection broke in the middle of it: what the server would have said nobody knows.
            None if self.over.is_cancelled() || self.client.connection_state() != State::Connected => {
                BusError::Unreachable
            }
            None => error,
        }
    }
}

/// Connects, after so many tries in vain. [`BusError::Unreachable`] where trying again may help.
pub(super) async fn connect(settings: &NatsSettings, tries: usize) -> Result<Connected, BusError> {
    let (over, denied) = (CancellationToken::new(), Arc::new(OnceLock::new()));
    let patience = CONNECTING[tries.min(CONNECTING.len() - 1)];
    let client = options(settings, patience, over.clone(), denied.clone())?.connect(&settings.server);
    let client = tokio::time::timeout(patience, client)
        .await
        .map_err(|_| BusError::Unreachable)?
        .map_err(|error| explain(settings, &error))?;
    let version = client.server_info().version;
    if !is_new_enough(&version) {
        return Err(BusError::ServerTooOld { server: settings.server.clone(), version });
    }
    Ok(Connected { client, over, denied })
}

/// Whether the server with the right key is there, and lets this process in.
pub(crate) async fn lets_in(settings: &NatsSettings) -> bool {
    connect(settings, 0).await.is_ok()
}

fn options(
    settings: &NatsSettings,
    patience: Duration,
    over: CancellationToken,
    denied: Arc<OnceLock<String>>,
) -> Result<ConnectOptions, BusError> {
    let route = settings.identity.route();
    let mut options = ConnectOptions::new()
        .name(
            settings
                .computer
                .as_ref()
                .map_or_else(|| format!("samepath {route}"), |at| format!("samepath {route} {at}")),
        )
        .connection_timeout(patience)
        .ping_interval(PING)
        // The next one is opened by whoever uses this one: what was under way on it is lost.
        .max_reconnects(1)
        .event_callback(move |event| {
            let (over, denied) = (over.clone(), denied.clone());
            async move { happened(&event, &over, &denied) }
        });
    options = match &settings.login {
        Login::Open => options,
        Login::Password { user, password } => options.user_and_password(user.clone(), password.clone()),
        Login::Key { seed, token: None } => options.nkey(seed.clone()),
        Login::Key { seed, token: Some(token) } => options.nkey(seed.clone()).token(token.clone()),
        Login::Credentials { text } => options.credentials(text).map_err(|error| BusError::Server {
            server: settings.server.clone(),
            detail: format!("the credentials cannot be read: {error}"),
        })?,
    };
    if let Some(key) = settings.server_key {
        options = options.require_tls(true).tls_client_config(tls(key));
    }
    Ok(options)
}

fn happened(event: &Event, over: &CancellationToken, denied: &OnceLock<String>) {
    match event {
        Event::Disconnected | Event::Closed => over.cancel(),
        // What a publish or a subscription that was denied says comes here, and nowhere else.
        Event::ServerError(ServerError::Other(said)) => {
            tracing::warn!(%said, "the lab's server refused something");
            // Fails where something was refused before, which is the better reason.
            drop(denied.set(said.clone()));
            over.cancel();
        }
        Event::SlowConsumer(_) => tracing::warn!("messages from the lab's server came faster than they were taken"),
        event => tracing::debug!(%event, "the connection to the lab's server"),
    }
}

fn explain(settings: &NatsSettings, error: &ConnectError) -> BusError {
    let server = || settings.server.clone();
    if let Some(tls) = cause::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure) => {
                BusError::OtherServer { server: server() }
            }
            tls => BusError::Server { server: server(), detail: tls.to_string() },
        };
    }
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            BusError::NotAdmitted { server: server() }
        }
        ConnectErrorKind::ServerParse => BusError::Server { server: server(), detail: "that is no address".to_owned() },
        // The server ends, or begins, just then.
        ConnectErrorKind::Tls if cause::<io::Error>(error).is_some_and(is_cut) => BusError::Unreachable,
        ConnectErrorKind::Tls => BusError::Server { server: server(), detail: error.to_string() },
        ConnectErrorKind::Dns | ConnectErrorKind::TimedOut | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => {
            tracing::debug!(%error, "the lab's server was not reached");
            match cause::<io::Error>(error) {
                Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    BusError::NotListening { server: server() }
                }
                _ => BusError::Unreachable,
            }
        }
    }
}

/// Whether the other side let go in the middle of it.
fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// The first error of this type among the causes; those that an input-output error holds, too.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = cause::<E>(inner)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

pub(crate) fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map_while(|number| number.parse::<u64>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}

/// TLS with the one server that has this key, whoever signed its certificate, whatever that says and however old it is.
fn tls(key: [u8; 32]) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(OneKey { key, provider: provider.clone() });
    rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap_or_else(|error| unreachable!("ring speaks TLS 1.3: {error}"))
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth()
}

#[derive(Debug)]
struct OneKey {
    /// As [`super::server_key`] makes it.
    key: [u8; 32],
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl rustls::client::danger::ServerCertVerifier for OneKey {
    fn verify_server_cert(
        &self,
        end_entity: &rustls::pki_types::CertificateDer<'_>,
        _intermediates: &[rustls::pki_types::CertificateDer<'_>],
        _server_name: &rustls::pki_types::ServerName<'_>,
        _ocsp_response: &[u8],
        _now: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        if super::server_key(end_entity) == Some(self.key) {
            Ok(rustls::client::danger::ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &rustls::pki_types::CertificateDer<'_>,
        _signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_that_will_do() {
        for good in ["2.11.0", "2.11.0-RC.1", "2.15.1", "3.0.0"] {
            assert!(is_new_enough(good), "{good}");
        }
        for bad in ["2.9.10", "2.10.29", "1.4.1", "", "two"] {
            assert!(!is_new_enough(bad), "{bad}");
        }
    }
}
