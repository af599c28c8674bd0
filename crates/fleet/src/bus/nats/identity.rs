use crate::bus::{Caller, shared::Rights};
use samepath_wire::WorkerId;
use serde::{Deserialize, Serialize};

/// Before the identity, on the way to the hub.
pub(super) const UP: &str = "samepath.up";
/// Before the identity, on the way to the guest.
pub(super) const DOWN: &str = "samepath.down";
/// Between a worker's name and the number of its GPU: no name has one.
pub(crate) const GPU: char = ':';

/// The part that somebody has in a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Runs the lab: may hold the bus, and may do everything on it.
    Hub,
    /// Submits jobs.
    Member,
    /// Runs jobs.
    Worker,
}

/// Who somebody is in a lab.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// What it may do.
    pub part: Part,
    /// What requests say of it.
    pub caller: Caller,
    /// The public key by which it came in, where that is known.
    pub key: Option<String>,
    /// Of a worker that is several, one for each GPU: which. It is no part of the subjects: the worker itself says it.
    pub gpu: Option<u32>,
}

impl Identity {
    /// The hub, acting for this member.
    pub fn hub(member: impl Into<String>) -> Self {
        Self::new(Part::Hub, member.into(), None)
    }

    /// A member.
    pub fn member(name: impl Into<String>) -> Self {
        Self::new(Part::Member, name.into(), None)
    }

    /// A worker, which belongs to nobody.
    pub fn worker(id: impl Into<WorkerId>) -> Self {
        let id = id.into();
        Self::new(Part::Worker, id.clone(), Some(id))
    }

    fn new(part: Part, member: String, worker: Option<WorkerId>) -> Self {
        Self { part, caller: Caller::new(member, worker), key: None, gpu: None }
    }

    /// The same, by this public key.
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The same worker, as that of one of its GPUs.
    #[must_use]
    pub fn on_gpu(self, gpu: u32) -> Self {
        Self { gpu: Some(gpu), ..self }
    }

    /// Who asks, where it asks something.
    pub(crate) fn acting(&self) -> Caller {
        let mut caller = self.caller.clone();
        if let (Some(worker), Some(gpu)) = (&mut caller.worker, self.gpu) {
            worker.push_str(&format!("{GPU}{gpu}"));
        }
        caller
    }

    /// Which of its GPUs this worker means by what it calls itself.
    pub(super) fn gpu_of(&self, said: &str) -> Option<u32> {
        let own = self.caller.worker.as_deref().filter(|_| self.part == Part::Worker)?;
        let gpu = said.strip_prefix(own)?.strip_prefix(GPU)?.parse().ok()?;
        (said == format!("{own}{GPU}{gpu}")).then_some(gpu)
    }

    /// The only subjects that the server is to let it publish on, and hear: in this order.
    pub fn subjects(&self) -> (String, String) {
        let route = self.route();
        (format!("{UP}.{route}.*"), format!("{DOWN}.{route}.*"))
    }

    /// Four tokens of a subject.
    pub(super) fn route(&self) -> String {
        let part = match self.part {
            Part::Hub => "hub",
            Part::Member => "member",
            Part::Worker => "worker",
        };
        let known = |name: Option<&str>| name.map_or_else(|| "_".to_owned(), token);
        let (worker, key) = (known(self.caller.worker.as_deref()), known(self.key.as_deref()));
        format!("{part}.{}.{worker}.{key}", token(&self.caller.member))
    }

    /// The other way, of a route that is followed by a line: both.
    pub(super) fn parse(route: &str) -> Option<(Self, &str)> {
        let mut tokens = route.split('.');
        let part = match tokens.next()? {
            "hub" => Part::Hub,
            "member" => Part::Member,
            "worker" => Part::Worker,
            _ => return None,
        };
        let member = untoken(tokens.next()?)?;
        let known = |token: &str| match token {
            "_" => Some(None),
            name => untoken(name).map(Some),
        };
        let (worker, key) = (known(tokens.next()?)?, known(tokens.next()?)?);
        let line = tokens.next().filter(|line| !line.is_empty())?;
        tokens.next().is_none().then_some((Self { part, caller: Caller::new(member, worker), key, gpu: None }, line))
    }

    pub(super) fn rights(&self) -> Rights {
        match (self.part, self.acting().worker) {
            (Part::Hub, _) => Rights::All,
            (Part::Worker, Some(worker)) => Rights::Worker { id: worker },
            (Part::Member | Part::Worker, _) => Rights::Member,
        }
    }
}

/// A name as one token of a subject: what has a meaning there is written as `=` and two hexadecimal digits. `=` alone is empty.
pub(super) fn token(name: &str) -> String {
    if name.is_empty() {
        return "=".to_owned();
    }
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            token.push_str(&format!("={byte:02X}"));
        }
    }
    token
}

/// The other way; none where nobody wrote it so.
pub(super) fn untoken(written: &str) -> Option<String> {
    if written == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    let name = String::from_utf8(bytes).ok()?;
    (token(&name) == written).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_is_one_token_and_comes_back(name in ".{0,40}") {
            let token = token(&name);
            prop_assert!(!token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'='));
            prop_assert_eq!(untoken(&token), Some(name));
        }

        #[test]
        fn no_two_tokens_are_one_name(written in "[A-F0-9a-f=_.-]{0,12}") {
            if let Some(name) = untoken(&written) {
                prop_assert_eq!(token(&name), written);
            }
        }
    }

    #[test]
    fn a_worker_is_itself_or_one_of_its_gpus() {
        let worker = Identity::worker("gpu-1");
        assert_eq!(worker.gpu_of("gpu-1:0"), Some(0));
        let one = worker.clone().on_gpu(12);
        assert_eq!(one.acting().worker.as_deref(), Some("gpu-1:12"));
        assert_eq!(one.subjects(), worker.subjects());
        assert_eq!(worker.acting().worker.as_deref(), Some("gpu-1"));
        for other in ["gpu-2:0", "gpu-1", "gpu-1:", "gpu-1:00", "gpu-1:+1", "gpu-1:x", "gpu-10:0", "gpu-1:0:0", ""] {
            assert_eq!(worker.gpu_of(other), None, "{other}");
        }
        assert_eq!(Identity::member("gpu-1").gpu_of("gpu-1:0"), None);
    }

    #[test]
    fn an_identity_comes_back_from_its_subject() {
        let mut odd = Identity::hub("a.b *>_").with_key("_");
        odd.caller.worker = Some("_".to_owned());
        for identity in [Identity::member("amick").with_key("UA"), Identity::worker("gpu-1"), Identity::hub(""), odd] {
            let route = format!("{}.x1", identity.route());
            assert_eq!(Identity::parse(&route), Some((identity, "x1")));
        }
        for wrong in ["", "member.a._._", "member.a._._.x.y", "member.a._._.", "root.a._._.x", "member.a=2._._.x"] {
            assert_eq!(Identity::parse(wrong), None, "{wrong}");
        }
    }
}
