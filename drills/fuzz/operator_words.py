"""What is put where it does not belong: into templates, in the place of a value or of the whole text."""

WRONG = [
    *("text", 7, -1, 0.5, True, None, [], {}, [[]], [{}], ["text"], [7], [None], {"text": "text"}, {"text": []}),
    *(
        {"Ref": "AWS::NoValue"},
        {"Ref": "Nothing"},
        {"Ref": ["x"]},
        {"Ref": {}},
        {"Fn::If": ["No", 1, 2]},
        {"Fn::If": 1},
    ),
    *({"Fn::If": [["x"], 1, 2]}, {"Fn::GetAtt": 7}, {"Fn::GetAtt": "VPC"}, {"Fn::GetAtt": [[], {}]}, {"Fn::Sub": []}),
    *({"Fn::Sub": "${"}, {"Fn::Sub": "${Nothing}"}, {"Fn::Sub": ["${a}", {"a": []}]}, {"Fn::Join": "x"}),
    *({"Fn::Join": [7, ["a"]]}, {"Fn::Join": [",", [[]]]}, {"Fn::Select": [9, []]}, {"Fn::Select": ["x", ["a"]]}),
    *({"Fn::Split": [[], 7]}, {"Fn::Cidr": ["x", 1, 8]}, {"Fn::Cidr": ["10.0.0.0/16", 10**9, 8]}, {"Fn::Base64": []}),
    *(
        {"Fn::FindInMap": [[], 1, {}]},
        {"Fn::ImportValue": []},
        {"Condition": "Nothing"},
        {"Condition": []},
        {"Fn::And": []},
    ),
    *(
        {"Fn::Equals": [1]},
        {"Fn::Not": [[]]},
        {"Fn::Transform": 1},
        {"Fn::GetAZs": []},
        {"Ref": "VpcCidr"},
        "2026-11-23",
    ),
]
ODD_YAML = [
    *(
        "",
        "[]",
        "7",
        "null",
        "{",
        "a: b: c",
        "\t",
        "&a [*a]",
        "Resources: &a {b: *a}",
        "Resources:\n\t- x",
        "%YAML 9",
        "--- a\n---",
    ),
    *("Resources: {? [a] : b}", "Resources: {1: {Type: x}}", "Resources: !!python/object:os.x {}", "!Ref", "!!int x"),
    *(
        "Resources: 2026-99-99",
        "Resources: {a: !!binary x}",
        "Resources: {a: !!float y}",
        "<<: 7",
        "Resources: {<<: [1]}",
    ),
    *(
        "Resources:\n  A: {Type: T}\n  A: {Type: T}\n",
        "\ufeffResources: {}",
        "Resources: {a: 0o9, b: 1:99:99}",
        "!" * 50,
    ),
    *("[" * 500, "{a: " * 500, "Resources: " + "9" * 5000, "Resources: {a: [1, 2}"),
]
