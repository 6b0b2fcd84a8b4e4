//! Messages, dumps, variables, policies, and what has no effect.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn loggers() {
    let config =
        read("logger fatal,internal,error,warn,info,debug,verbose none logger warning slog");
    let [all, one] = &config.loggers[..] else { panic!() };
    assert_eq!(all.filters, "fatal,internal,error,warn,info,debug,verbose");
    assert_eq!((&*all.destination, &*one.filters, &*one.destination), ("none", "warning", "slog"));
    assert!(refusal("logger error nowhere").contains("expected stdout, stderr, slog or none"));
    assert!(refusal("logger all stderr").starts_with("1:8: expected filters (fatal,"));
}

#[test]
fn the_log_of_a_vdev() {
    let found =
        statements("logger info stdout vdev dev log error,warn stderr log debug none quiet");
    let [Statement::Vdev(vdev)] = &found[..] else { panic!() };
    let options = vdev.options.iter().map(|option| (&*option.name, option.value.as_deref()));
    let expected =
        [("log", Some("error,warn stderr")), ("log", Some("debug none")), ("quiet", None)];
    assert_eq!(options.collect::<Vec<_>>(), expected);
}

#[test]
fn dumps() {
    assert_eq!(read("dump /tmp").dump, Some(Dump::Directory("/tmp".into())));
    assert_eq!(read("dump \"|cat >x\"").dump, Some(Dump::Command("cat >x".to_owned())));
}

#[test]
fn policies() {
    for (word, policy) in
        [("ignore", Policy::Ignore), ("fail", Policy::Fail), ("abort", Policy::Abort)]
    {
        let config = read(&format!("unsupported reference {word}"));
        assert_eq!(config.unsupported, Some(policy));
    }
    // KVM does what `fail` asks for, and nothing else.
    assert_eq!(notes("unsupported instruction fail unsupported register fail"), [""; 0]);
    for kind in ["instruction", "register"] {
        for policy in ["abort", "ignore"] {
            assert_eq!(notes(&format!("unsupported {kind} {policy}")).len(), 1);
        }
    }
    assert!(refusal("unsupported access fail").contains("expected instruction, reference or"));
    let said = "1:23: expected abort, fail or ignore, found 'panic'";
    assert_eq!(refusal("unsupported reference panic"), said);
}

#[test]
fn variables() {
    let text = "set exit-on-halt off set grow-heap 4m vdev dev set debug no \
                set slog-buffer 8k set fdt-dump-file \"a b\" set counter-offset 0";
    let found = read(text).variables;
    let vdev = Some(Position { line: 2, column: 44 });
    let variable = |name, value, vdev| Variable { name, value, vdev };
    assert_eq!(
        found,
        [
            variable("exit-on-halt", Value::Boolean(false), None),
            variable("grow-heap", Value::Number(4 << 20), None),
            variable("debug", Value::Boolean(false), vdev),
            variable("slog-buffer", Value::Number(8192), None),
            variable("fdt-dump-file", Value::Text("a b".to_owned()), None),
            variable("counter-offset", Value::Number(0), None),
        ]
    );
}

#[test]
fn variables_refused() {
    let cases = [
        ("set colour red", "1:5: expected a variable of 'set', found 'colour'"),
        (
            "set debug off",
            "1:5: expected a variable of the guest outside of a 'vdev', found 'debug'",
        ),
        (
            "set exit-on-halt maybe",
            "1:18: expected 1, yes, on or true, or 0, no, off or false, found 'maybe'",
        ),
        (
            "set counter-offset 4k",
            "1:20: expected a number (a number such as 16 or 0x10), found '4k'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), said);
    }
}

#[test]
fn without_effect() {
    for level in ["none", "warn", "required"] {
        assert_eq!(notes(&format!("safety {level}")).len(), 1);
    }
    assert!(refusal("safety always").starts_with("1:8: expected none, warn or required"));
    assert_eq!(notes("debug logger debug,info,error slog dump d").len(), 1);
}

/// To give rights away is no effect that may be missing.
#[test]
fn another_user_is_refused() {
    for text in ["user 1000", "user 1000:1000:4"] {
        assert!(refusal(text).starts_with("1:1: 'user' is refused: "), "{text}");
    }
    assert_eq!(refusals("user root").len(), 2);
}

#[test]
fn dryrun() {
    assert!(read("ram 1m dryrun").dryrun);
    assert!(!read("ram 1m").dryrun);
}
