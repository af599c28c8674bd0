//! The only module that names the Open Job Description libraries. Its own types are plain.

mod refusal;

use super::TemplateError;
use openjd_expr::path_mapping::PathFormat;
use openjd_expr::{ExprProfile, ExprType, ExprValue, FormatString, FormatStringOptions, FunctionLibrary, HostContext};
use openjd_expr::{ParsedExpression, SymbolTable};
use openjd_model::template::parse::{DocumentType, decode_job_template, document_string_to_object};

use openjd_model::CallerLimits;
use openjd_model::template::{CancelationMode, EmbeddedFile, JobTemplate, StepTemplate};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Extensions that a template may ask for. The others change what a step is.
const EXTENSIONS: &[&str] = &["EXPR", "FEATURE_BUNDLE_1"];

/// What Open Job Description gives a tool that is notified and whose template names no period.
const DEFAULT_NOTICE: Duration = Duration::from_secs(120);

/// Reads a document without judging it. `json` says which of the two forms it is in.
pub(super) fn read(text: &str, json: bool) -> Result<Value, TemplateError> {
    let form = if json { DocumentType::Json } else { DocumentType::Yaml };
    document_string_to_object(text, form, &limits()).map_err(|error| refusal::unreadable(text, &error))
}

fn limits() -> CallerLimits {
    CallerLimits { max_template_size: Some(super::MAX_TEMPLATE_BYTES), ..CallerLimits::default() }
}

/// What a step does, taken out of an accepted template.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) command: Text,
    pub(crate) args: Vec<Text>,
    pub(crate) files: Vec<File>,
    pub(crate) notice: Duration,
    pub(crate) timeout: Option<Duration>,
}

/// A file that the template carries.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) file_name: String,
    pub(crate) data: Text,
    pub(crate) crlf: bool,
}

/// Has the libraries judge the template, refuses what this version does not run, and takes the step's script out.
pub(super) fn accept(document: &Value) -> Result<Script, TemplateError> {
    let version = document.get("specificationVersion").and_then(Value::as_str);
    if version != Some("jobtemplate-2023-09") {
        return Err(TemplateError::Version { found: version.map(ToOwned::to_owned) });
    }
    let template = decode_job_template(document.clone(), Some(EXTENSIONS), &limits())
        .map_err(|error| refusal::refused(document, error))?;
    let step = only_step(&template)?;
    let script = step
        .resolve_syntax_sugar()
        .map_err(|error| refusal::refused(document, error))?
        .ok_or(TemplateError::Unsupported { what: "a step without a script", place: "steps[0]".to_owned() })?;
    if script.let_bindings.is_some() || sugar_has_let(step) {
        return Err(unsupported("let bindings", "steps[0].script.let"));
    }
    let action = script.actions.on_run;
    let notice = match &action.cancelation {
        None | Some(CancelationMode::Terminate) => Duration::ZERO,
        Some(CancelationMode::NotifyThenTerminate { notify_period_in_seconds: None }) => DEFAULT_NOTICE,
        Some(CancelationMode::NotifyThenTerminate { notify_period_in_seconds: Some(period) }) => {
            seconds(period, "cancelation.notifyPeriodInSeconds")?
        }
        Some(CancelationMode::DeferredMode { .. }) => {
            return Err(unsupported(
                "a computed mode of cancelation",
                "steps[0].script.actions.onRun.cancelation.mode",
            ));
        }
    };
    let timeout = action.timeout.as_ref().map(|timeout| seconds(timeout, "timeout")).transpose()?;
    let files = script.embedded_files.unwrap_or_default().into_iter().map(embedded).collect::<Result<_, _>>()?;
    Ok(Script {
        command: Text(action.command),
        args: action.args.unwrap_or_default().into_iter().map(Text).collect(),
        files,
        notice,
        timeout,
    })
}

fn unsupported(what: &'static str, place: &str) -> TemplateError {
    TemplateError::Unsupported { what, place: place.to_owned() }
}

fn only_step(template: &JobTemplate) -> Result<&StepTemplate, TemplateError> {
    if !template.name.is_literal() {
        return Err(unsupported("a computed name", "name"));
    }
    if template.job_environments.is_some() {
        return Err(unsupported("environments", "jobEnvironments"));
    }
    let [step] = template.steps.as_slice() else {
        return Err(unsupported("more than one step", "steps"));
    };
    if step.step_environments.is_some() {
        return Err(unsupported("environments", "steps[0].stepEnvironments"));
    }
    if step.parameter_space.is_some() {
        return Err(unsupported("a parameter space", "steps[0].parameterSpace"));
    }
    if step.dependencies.is_some() {
        return Err(unsupported("dependencies", "steps[0].dependencies"));
    }
    if step.let_bindings.is_some() {
        return Err(unsupported("let bindings", "steps[0].let"));
    }
    let needs = step.host_requirements.as_ref();
    let amounts = needs.and_then(|needs| needs.amounts.as_deref()).unwrap_or_default();
    let attributes = needs.and_then(|needs| needs.attributes.as_deref()).unwrap_or_default();
    let computed = amounts
        .iter()
        .flat_map(|amount| [&amount.min, &amount.max])
        .flatten()
        .any(|text| !text.is_literal())
        || attributes.iter().flat_map(|one| [&one.any_of, &one.all_of]).flatten().flatten().any(|t| !t.is_literal());
    if computed {
        return Err(unsupported("computed host requirements", "steps[0].hostRequirements"));
    }
    Ok(step)
}

fn sugar_has_let(step: &StepTemplate) -> bool {
    [&step.bash, &step.python, &step.cmd, &step.powershell, &step.node]
        .into_iter()
        .flatten()
        .any(|action| action.let_bindings.is_some())
}

fn seconds(text: &FormatString, place: &str) -> Result<Duration, TemplateError> {
    match text.raw().trim().parse::<u32>() {
        Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
        Err(_) => Err(TemplateError::Unsupported {
            what: "a computed number of seconds",
            place: format!("steps[0].script.actions.onRun.{place}"),
        }),
    }
}

fn embedded(file: EmbeddedFile) -> Result<File, TemplateError> {
    let file_name = file.filename.clone().unwrap_or_else(|| file.name.clone());
    let plain = !file_name.is_empty()
        && file_name != "."
        && file_name != ".."
        && !file_name.contains(['/', '\\', ':', '\0'])
        && !file_name.contains("{{");
    if !plain {
        return Err(TemplateError::FileName { name: file.name, file_name });
    }
    let crlf = match file.end_of_line {
        Some(openjd_model::EndOfLine::Crlf) => true,
        Some(openjd_model::EndOfLine::Lf) | None => false,
        Some(openjd_model::EndOfLine::Auto) => cfg!(windows),
    };
    let data = file.data.ok_or(TemplateError::Unsupported {
        what: "an embedded file without data",
        place: "steps[0].script.embeddedFiles".to_owned(),
    })?;
    Ok(File { name: file.name, file_name, data: Text(data), crlf })
}

/// A text of a template: literal, or with `{{ … }}` in it.
#[derive(Debug, Clone)]
pub(crate) struct Text(FormatString);

/// A piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands.
    Literal(String),
    /// What stands between the braces, and the job parameters that its value depends on.
    Expression { source: String, parameters: Vec<String> },
}

impl Text {
    /// The text as the template has it.
    pub(super) fn raw(&self) -> &str {
        self.0.raw()
    }

    /// The text, if there is nothing to compute.
    pub(super) fn literal(&self) -> Option<&str> {
        self.0.is_literal().then(|| self.0.raw())
    }

    /// In order. Cut as the library cuts: the first `}}` ends an expression, whatever it stands in.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = self.0.raw();
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.to_owned()));
            }
            let (source, after) = after.split_once("}}").unwrap_or((after, ""));
            let source = source.trim();
            let parameters = match ParsedExpression::with_profile(source, &ExprProfile::latest()) {
                Ok(parsed) => parameters_of(parsed.accessed_symbols()),
                // Accepted templates parse; should one not, its value may come from anywhere.
                Err(_) => vec!["?".to_owned()],
            };
            pieces.push(Piece::Expression { source: source.to_owned(), parameters });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        pieces
    }

    /// The job parameters that its value depends on.
    pub(super) fn parameters(&self) -> Vec<String> {
        parameters_of(&self.0.accessed_symbols())
    }

    /// Its value as one text.
    pub(crate) fn resolve(&self, values: &Values) -> Result<String, Unresolvable> {
        self.0.resolve_string_with(&values.symbols, &values.options()).map_err(|error| self.unresolvable(&error))
    }

    /// Its value as arguments: a list becomes several, nothing becomes none.
    pub(crate) fn resolve_args(&self, values: &Values) -> Result<Vec<String>, Unresolvable> {
        let value =
            self.0.resolve_with(&values.symbols, &values.options()).map_err(|error| self.unresolvable(&error))?;
        Ok(match value {
            ExprValue::Null => Vec::new(),
            value => match value.list_elements() {
                Some(elements) => elements.iter().map(ExprValue::to_display_string).collect(),
                None => vec![value.to_display_string()],
            },
        })
    }

    fn unresolvable(&self, error: &openjd_expr::ExpressionError) -> Unresolvable {
        Unresolvable { text: self.raw().to_owned(), detail: error.message() }
    }
}

/// `Param.X` and `RawParam.X`, also where something is asked of them (`Param.X.parent`); whatever else varies with a job
/// counts as a parameter of its own name.
fn parameters_of(symbols: &std::collections::HashSet<String>) -> Vec<String> {
    let mut names: Vec<String> = symbols
        .iter()
        .filter_map(|symbol| {
            let mut parts = symbol.split('.');
            match parts.next()? {
                "Param" | "RawParam" => Some(parts.next().unwrap_or("?").to_owned()),
                "Session" | "Job" | "Step" => None,
                "Task" if parts.next() == Some("File") => None,
                _ => Some(symbol.clone()),
            }
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A text of an accepted template has no value for these parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot compute {text:?}: {detail}")]
pub(crate) struct Unresolvable {
    text: String,
    detail: String,
}

/// One job's values, ready to be put into texts.
pub(crate) struct Values {
    symbols: SymbolTable,
    library: Arc<FunctionLibrary>,
}

/// A value as this worker has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved {
    /// Of a `STRING`, `INT`, `FLOAT`, `BOOL`, `RANGE_EXPR` or a list of those: as the job has it, already checked.
    Plain(Value),
    /// Of a `PATH`: what the job says, and where that is here.
    Path { raw: String, local: String },
    /// Of a `LIST[PATH]`.
    Paths { raw: Vec<String>, local: Vec<String> },
}

impl Values {
    pub(crate) fn new() -> Self {
        let profile = ExprProfile::latest().with_host_context(HostContext::with_rules(Vec::new()));
        Self { symbols: SymbolTable::new(), library: FunctionLibrary::for_profile(&profile) }
    }

    fn options(&self) -> FormatStringOptions<'_> {
        FormatStringOptions::new().with_library(&*self.library).with_path_format(PathFormat::host())
    }

    /// Sets `Param.NAME` and `RawParam.NAME`. `kind` is the parameter's type as the standard writes it.
    pub(crate) fn set_parameter(&mut self, name: &str, kind: &str, value: &Resolved) -> Result<(), Unresolvable> {
        let (here, raw) = match value {
            Resolved::Plain(value) => {
                let value = expr_value(value, kind)
                    .ok_or_else(|| Unresolvable { text: value.to_string(), detail: format!("it is not a {kind}") })?;
                (value.clone(), value)
            }
            Resolved::Path { raw, local } => {
                (ExprValue::new_path(local, PathFormat::host()), ExprValue::String(raw.clone()))
            }
            Resolved::Paths { raw, local } => {
                let local = local.iter().map(|local| ExprValue::new_path(local, PathFormat::host())).collect();
                let raw = raw.iter().cloned().map(ExprValue::String).collect();
                (list(local, ExprType::PATH, name)?, list(raw, ExprType::STRING, name)?)
            }
        };
        self.set(&format!("Param.{name}"), here)?;
        self.set(&format!("RawParam.{name}"), raw)
    }

    /// Sets a path that is this attempt's own: `Session.WorkingDirectory`, `Task.File.NAME`.
    pub(crate) fn set_path(&mut self, symbol: &str, local: &str) -> Result<(), Unresolvable> {
        self.set(symbol, ExprValue::new_path(local, PathFormat::host()))
    }

    /// Sets names and the like.
    pub(crate) fn set_text(&mut self, symbol: &str, text: &str) -> Result<(), Unresolvable> {
        self.set(symbol, ExprValue::String(text.to_owned()))
    }

    /// Says that no path is mapped by the template's means: parameters are this worker's paths already.
    pub(crate) fn set_no_mapping(&mut self) -> Result<(), Unresolvable> {
        self.set("Session.HasPathMappingRules", ExprValue::Bool(false))
    }

    fn set(&mut self, symbol: &str, value: ExprValue) -> Result<(), Unresolvable> {
        self.symbols
            .set(symbol, value)
            .map_err(|error| Unresolvable { text: symbol.to_owned(), detail: error.to_string() })
    }
}

fn list(elements: Vec<ExprValue>, of: ExprType, name: &str) -> Result<ExprValue, Unresolvable> {
    ExprValue::make_list(elements, of).map_err(|error| Unresolvable { text: name.to_owned(), detail: error.message() })
}

/// A JSON value as the type that its definition declares; none where it is another.
pub(super) fn expr_value(value: &Value, kind: &str) -> Option<ExprValue> {
    if let Some(of) = kind.strip_prefix("LIST[").and_then(|rest| rest.strip_suffix(']')) {
        let elements = value.as_array()?.iter().map(|value| expr_value(value, of)).collect::<Option<Vec<_>>>()?;
        let of = match of {
            "INT" => ExprType::INT,
            "FLOAT" => ExprType::FLOAT,
            "BOOL" => ExprType::BOOL,
            "LIST[INT]" => ExprType::list(ExprType::INT),
            _ => ExprType::STRING,
        };
        return ExprValue::make_list(elements, of).ok();
    }
    match kind {
        "STRING" => value.as_str().map(|text| ExprValue::String(text.to_owned())),
        "INT" => super::values::integer(value).map(ExprValue::Int),
        "FLOAT" => {
            let number = super::values::number(value)?;
            let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
            openjd_expr::value::Float64::with_str(number, text).ok().map(ExprValue::Float)
        }
        "BOOL" => super::values::truth(value).map(ExprValue::Bool),
        "RANGE_EXPR" => value.as_str()?.parse().ok().map(ExprValue::RangeExpr),
        _ => None,
    }
}
