//! Whatever is written, nothing panics and nothing gets through.

use super::*;

fn nonsense() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("{{Param.X}}".to_owned()),
        Just("{{".to_owned()),
        Just("}}{{".to_owned()),
        Just("{{repr_sh(Param.X)".to_owned()),
        Just("jobtemplate-2023-09".to_owned()),
        Just("STRING".to_owned()),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("name".to_owned()),
        Just("type".to_owned()),
        Just("script".to_owned()),
        Just("actions".to_owned()),
        Just("onRun".to_owned()),
        Just("command".to_owned()),
        Just("args".to_owned()),
        Just("embeddedFiles".to_owned()),
        Just("default".to_owned()),
        "[a-z]{1,6}",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nonsense_never_panics(part in nonsense(), place in 0..9_usize) {
        let places = [
            "", "/parameterDefinitions", "/parameterDefinitions/0", "/parameterDefinitions/0/type", "/steps", "/steps/0",
            "/steps/0/script", "/steps/0/script/actions/onRun", "/steps/0/script/actions/onRun/args",
        ];
        let mut document = template(x(), json!({ "command": "echo", "args": ["{{Param.X}}"] }));
        *document.pointer_mut(places[place]).unwrap() = part.clone();
        drop(accept(document));
        let kind = kind(x());
        drop(check_values(&kind, &BTreeMap::from([("X".to_owned(), part.clone())])));
        drop(storages_needed(&kind, &job(json!({ "X": part }))));
    }

    /// The guard reads the template anew, and refuses one whose digest is another.
    #[test]
    fn a_number_of_any_digits_is_read_again_as_it_was(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        let document = template(json!([{ "name": "X", "type": "FLOAT", "default": number }]), json!({ "command": "echo" }));
        let again = serde_json::from_str(&document.to_string()).unwrap();
        prop_assert_eq!(accept(document).unwrap().kind().digest.clone(), accept(again).unwrap().kind().digest.clone());
    }

    #[test]
    fn nonsense_files_never_panic(text in "[ -~\n\t{}:\\[\\]&*!|>'\"%@-]{0,200}") {
        let (_dir, catalogue) = lab(&[("a.yaml", &text), ("b.json", &text)]);
        prop_assert_eq!(catalogue.kinds().len() + catalogue.refused().len(), 5);
    }

    #[test]
    fn no_way_of_writing_it_lets_a_value_into_code(
        (program, options, code) in prop_oneof![
            (prop_oneof![Just("sh"), Just("/bin/bash"), Just("dash")], options(&["-e", "-x", "-u", "--login", "+x"]), option("-c")),
            (prop_oneof![Just("python"), Just("/opt/x/python3.12")], options(&["-u", "-B", "-I", "-Wignore"]), option("-c")),
            (prop_oneof![Just("perl"), Just("perl5.36")], options(&["-w", "-T"]), option("-e")),
            (prop_oneof![Just("pwsh"), Just("powershell.exe")], options(&["-NoProfile", "-NoLogo"]), option("-Command")),
        ],
        wrapped in any::<bool>(),
        expression in prop_oneof![Just("{{Param.X}}"), Just("{{ Param.X }}"), Just("{{RawParam.X + 'a'}}"), Just("{{Param.X}}y")],
    ) {
        let mut words = if wrapped { vec!["nice", "-n", "5", program] } else { vec![program] };
        words.extend(options);
        words.extend(code);
        words.push(expression);
        prop_assert!(command_line(&words).is_err(), "accepted: {:?}", words);
    }
}

fn options(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..4)
}

fn option(code: &'static str) -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some(code))]
}
