use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Long, because the machine may be busy; a condition that comes true is seen at once.
const DEADLINE: Duration = Duration::from_secs(45);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Of one call. Starting the program is one.
const CALL: Duration = Duration::from_secs(30);
const LEAVE: Duration = Duration::from_secs(8);

/// Finds what the page offers to people and assistive programs alike: by role and accessible name.
const FIND: &str = include_str!("find.js");

/// A session of WebKitWebDriver with one window.
pub(crate) struct Driver {
    agent: Agent,
    /// With the session's id.
    base: String,
}

impl Driver {
    /// A port for a driver, free a moment ago.
    pub(crate) fn free_port() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of the loopback");
        listener.local_addr().expect("a bound address").port()
    }

    /// Waits for the driver behind this port, and has it start the program. None: it is not there.
    pub(crate) fn connect(port: u16, program: &Path) -> Option<Self> {
        let agent: Agent =
            Agent::config_builder().timeout_global(Some(CALL)).http_status_as_error(false).proxy(None).build().into();
        let server = format!("http://127.0.0.1:{port}");
        let begun = Instant::now();
        while agent.get(format!("{server}/status")).call().is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                return None;
            }
            sleep(LOOK_AGAIN);
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": { "binary": program, "args": [] } } } });
        let mut this = Self { agent, base: format!("{server}/session") };
        let session = this.post("", &wanted).unwrap_or_else(|error| panic!("the window does not open: {error}"));
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}"));
        this.base = format!("{}/{id}", this.base);
        Some(this)
    }

    /// Clicks the one that has this role and exactly this accessible name, once it is there and can be clicked.
    pub(crate) fn click(&self, role: &str, name: &str) {
        wait_for(&format!("a click on the {role} {name:?}"), || {
            let element = self.element(role, name, true)?;
            self.post(&format!("/element/{element}/click"), &json!({})).ok()
        });
    }

    /// Clicks the first whose accessible name begins so.
    pub(crate) fn click_beginning(&self, role: &str, name: &str) {
        wait_for(&format!("a click on the {role} {name:?}…"), || {
            let element = self.element(role, name, false)?;
            self.post(&format!("/element/{element}/click"), &json!({})).ok()
        });
    }

    /// Opens a page by the sidebar.
    pub(crate) fn go(&self, page: &str) {
        // A page's button also says how many run, and the like.
        self.click_beginning("button", page);
        self.wait_for_element("region", page);
    }

    /// Puts this text into a field instead of what is there.
    pub(crate) fn fill(&self, field: &str, text: &str) {
        let element = self.wait_for_element("textbox", field);
        self.post(&format!("/element/{element}/clear"), &json!({})).expect("a field can be emptied");
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).expect("a field takes text");
    }

    /// Chooses from a list.
    pub(crate) fn choose(&self, list: &str, wanted: &str) {
        let script = "const [list, wanted] = arguments; const option = [...list.options].find((one) => one.text === wanted); \
                      if (!option) return false; list.value = option.value; list.dispatchEvent(new Event('change', { bubbles: true })); return true";
        wait_for(&format!("{wanted:?} in the list {list:?}"), || {
            let element = self.element("combobox", list, true)?;
            let script = json!({ "script": script, "args": [reference(&element), wanted] });
            (self.post("/execute/sync", &script).ok()? == true).then_some(())
        });
    }

    /// Moves the pointer to where nothing is.
    pub(crate) fn point_at_nothing(&self) {
        // One that is there already is told of by a move alone: what it was over before is not left else.
        let to = |at: u32| json!({ "type": "pointerMove", "duration": 0, "x": at, "y": at });
        let corner = json!([to(3), to(1)]);
        let mouse =
            json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": corner });
        self.post("/actions", &json!({ "actions": [mouse] })).expect("a pointer can be moved");
    }

    /// What is in a field.
    pub(crate) fn value(&self, field: &str) -> String {
        let element = self.wait_for_element("textbox", field);
        let script = json!({ "script": "return arguments[0].value", "args": [reference(&element)] });
        self.post("/execute/sync", &script).expect("a field has a value").as_str().unwrap_or_default().to_owned()
    }

    /// The visible text of everything.
    pub(crate) fn text(&self) -> String {
        self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says this.
    pub(crate) fn wait_for_text(&self, wanted: &str) {
        wait_for(&format!("the words {wanted:?}"), || spaced(&self.text()).contains(wanted).then_some(()));
    }

    /// The visible text of the one that has this role and accessible name, once it contains this.
    pub(crate) fn wait_for_text_in(&self, role: &str, name: &str, wanted: &str) -> String {
        wait_for(&format!("the words {wanted:?} in the {role} {name:?}"), || {
            let element = self.element(role, name, true)?;
            let script = json!({ "script": "return arguments[0].innerText", "args": [reference(&element)] });
            let text = spaced(self.post("/execute/sync", &script).ok()?.as_str()?);
            text.contains(wanted).then_some(text)
        })
    }

    /// The row of a table that begins with this, if it is there.
    pub(crate) fn row(&self, table: &str, beginning: &str) -> Option<String> {
        let table = self.element("table", table, true)?;
        let script = json!({ "script": "return [...arguments[0].rows].map((row) => row.innerText)", "args": [reference(&table)] });
        let rows = self.post("/execute/sync", &script).ok()?;
        rows.as_array()?.iter().filter_map(|row| Some(spaced(row.as_str()?))).find(|row| row.starts_with(beginning))
    }

    /// Waits for the one that has this role and accessible name.
    pub(crate) fn wait_for_element(&self, role: &str, name: &str) -> String {
        wait_for(&format!("the {role} {name:?}"), || self.element(role, name, true))
    }

    /// Waits until it is not there.
    pub(crate) fn wait_until_gone(&self, role: &str, name: &str) {
        wait_for(&format!("the {role} {name:?} to go"), || (!self.has(role, name)).then_some(()));
    }

    /// Whether it is there now.
    pub(crate) fn has(&self, role: &str, name: &str) -> bool {
        self.element(role, name, true).is_some()
    }

    /// What a function body, run in the page, returns.
    pub(crate) fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": [] })).unwrap_or_default()
    }

    fn element(&self, role: &str, name: &str, exact: bool) -> Option<String> {
        let found = self.post("/execute/sync", &json!({ "script": FIND, "args": [role, name, exact] })).ok()?;
        Some(found.as_object()?.values().next()?.as_str()?.to_owned())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut answer =
            self.agent.post(format!("{}{path}", self.base)).send_json(body).map_err(|error| error.to_string())?;
        let ok = answer.status().is_success();
        let mut answer: Value = answer.body_mut().read_json().map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if ok { Ok(value) } else { Err(format!("{} {}", value["error"], value["message"])) }
    }
}

impl Drop for Driver {
    /// Closes the window as a person does; what does not go is killed with its display.
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.base).config().timeout_global(Some(LEAVE)).build().call();
    }
}

/// An element as the protocol names it.
fn reference(element: &str) -> Value {
    json!({ "element-6066-11e4-a52e-4f735466cecf": element })
}

/// The same text with single spaces.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Looks again and again until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited {} s for {what}", DEADLINE.as_secs());
        sleep(LOOK_AGAIN);
    }
}
