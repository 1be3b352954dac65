"""What the rules see: values behind functions, under circumstances that are possible, across nested templates."""

import pytest
from cfnlint.decode import decode_str

from review.rules import _nest as nest

pytestmark = pytest.mark.slow


def view(text, path=None):
    if path:
        path.write_text(text)
    return nest.View(decode_str(text)[0], str(path) if path else None)


PARAMETERS = """
Parameters:
  Size: {Type: String, AllowedValues: [small, large], Default: small}
  Port: {Type: Number, Default: 80}
  Arn: {Type: String, Default: ''}
  Ids: {Type: CommaDelimitedList, Default: 'a, b'}
  Vpc: {Type: 'AWS::EC2::VPC::Id'}
  Cidr: {Type: String, Default: 10.0.0.0/16}
Mappings:
  Sizes: {small: {Memory: 512}, large: {Memory: 2048}}
Conditions:
  IsLarge: !Equals [!Ref Size, large]
  IsSmall: !Not [!Condition IsLarge]
  HasArn: !Not [!Equals [!Ref Arn, '']]
"""


def values(expression, more=""):
    template = PARAMETERS + f"Resources:\n  A:\n    Type: X\n    Properties:\n      P: {expression}\n{more}"
    resource = view(template).resource("A")
    return [value.value for value in resource.values("P")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Size", ["small", "large"]),
        ("!Ref Port", [80]),
        ("!Ref Ids", [["a", "b"]]),
        ("!Ref AWS::NoValue", []),
        ("!If [IsLarge, 1, 2]", [1, 2]),
        ("!If [IsLarge, !If [IsSmall, 1, 2], !Ref AWS::NoValue]", [2]),
        ("!If [IsLarge, !Ref Size, x]", ["large", "x"]),
        ("!FindInMap [Sizes, !Ref Size, Memory]", [512, 2048]),
        ("!If [IsLarge, !FindInMap [Sizes, !Ref Size, Memory], 0]", [2048, 0]),
        ("!Sub '${Size}-${!x}-${Port}'", ["small-${x}-80", "large-${x}-80"]),
        ("!Sub ['${a}', {a: !Ref Port}]", ["80"]),
        ("!Join ['-', [a, !Ref Size]]", ["a-small", "a-large"]),
        ("!Select [1, !Ref Ids]", ["b"]),
        ("!Select [1, !Cidr [!Ref Cidr, 3, 8]]", ["10.0.1.0/24"]),
        ("!Split [',', 'a,b']", [["a", "b"]]),
        ("[1, !If [IsLarge, 2, !Ref AWS::NoValue]]", [[1, 2], [1]]),
        ("{a: !If [IsLarge, 2, !Ref AWS::NoValue]}", [{"a": 2}, {}]),
    ],
)
def test_values_behind_a_function(expression, expected):
    assert values(expression) == expected


def test_a_default_is_not_seen_where_a_condition_excludes_it():
    (given, other) = values("!If [HasArn, !Ref Arn, none]")
    assert isinstance(given, nest.Unknown) and given.name == "Arn"
    assert other == "none"


def test_equal_unknowns_are_the_same_thing():
    first = values("!Select [0, !GetAZs '']")
    assert first == values("!Select [0, !GetAZs '']")
    assert first != values("!Select [1, !GetAZs '']")
    assert values("!Ref Vpc")[0].parameter == "AWS::EC2::VPC::Id"


def test_a_partly_known_string_keeps_its_parts():
    (text,) = values("!Sub 'arn:${AWS::Partition}:s3:::${A}/x'")
    assert text.head == "arn:"
    assert "/x" in text
    assert [type(part).__name__ for part in text.parts] == ["str", "Unknown", "str", "Reference", "str"]


def test_variants_combine_only_what_can_hold_at_once():
    template = PARAMETERS + (
        "Resources:\n  A:\n    Type: X\n    Properties:\n      P: !If [IsLarge, 1, 2]\n      Q: !If [IsSmall, 3, 4]\n"
    )
    resource = view(template).resource("A")
    assert [(v["P"], v["Q"], v["R"]) for v in resource.variants("P", "Q", "R")] == [(1, 4, None), (2, 3, None)]


def test_blocks_of_a_list_and_their_paths():
    template = PARAMETERS + (
        "Resources:\n  A:\n    Type: X\n    Properties:\n"
        "      L:\n        - K: 1\n        - !If [IsLarge, {K: 2}, !Ref AWS::NoValue]\n"
    )
    found = list(view(template).resource("A").blocks("L"))
    assert [block.path[3:] for block in found] == [("L", 0), ("L", 1, "Fn::If", 1)]
    assert [value.value for block in found for value in block.values("K")] == [1, 2]


def test_exclusive_conditions_do_not_meet():
    template = PARAMETERS + (
        "Resources:\n  A: {Type: X, Condition: IsLarge}\n  B: {Type: X, Condition: IsSmall}\n"
        "  C: {Type: X, Condition: HasArn}\n"
    )
    seen = view(template)
    a, b, c = (seen.resource(name).where for name in "ABC")
    assert nest.together(a, b) is None
    assert nest.together(a, c) is not None
    assert b.words() == "when IsSmall is true"


def test_waiting_goes_through_references():
    template = """
Resources:
  A: {Type: X, DependsOn: B}
  B: {Type: X, Properties: {P: !Sub '${C.Arn}'}}
  C: {Type: X}
  D: {Type: X}
"""
    seen = view(template)
    assert seen.resource("A").waits_for(seen.resource("C"))
    assert not seen.resource("A").waits_for(seen.resource("D"))
    assert not seen.resource("C").waits_for(seen.resource("A"))


CHILD = """
Parameters:
  Id: {Type: String}
  List: {Type: CommaDelimitedList}
  Arn: {Type: String, Default: ''}
Conditions:
  HasArn: !Not [!Equals [!Ref Arn, '']]
Resources:
  A:
    Type: X
    Properties: {P: !Ref Id, Q: !Ref List, R: !If [HasArn, https, http]}
  B: {Type: Y, Condition: HasArn}
Outputs:
  Out: {Value: !GetAtt A.Arn}
"""

PARENT = """
Parameters:
  Arn: {Type: String, Default: ''}
Conditions:
  Plain: !Equals [!Ref Arn, '']
Resources:
  One: {Type: Z}
  Two: {Type: Z, Condition: Plain}
  First:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: child.yaml
      Parameters: {Id: !Ref One, List: !Join [',', [!Ref One, x]], Arn: !Ref Arn}
  Second:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: child.yaml
      Parameters: {Id: !GetAtt First.Outputs.Out, List: 'a,b', Arn: given}
"""


def test_a_condition_on_a_piece_of_a_list_is_computed():
    template = """
Parameters:
  Tags: {Type: CommaDelimitedList, Default: ''}
Conditions:
  HasSecond: !Not [!Equals [!Select [1, !Split [',', !Join [',', [!Join [',', !Ref Tags], '', '']]]], '']]
Resources:
  A: {Type: X, Condition: HasSecond, Properties: {P: !Ref Tags}}
"""
    (value,) = view(template).resource("A").values("P")
    assert isinstance(value.value, nest.Unknown)


def test_covered_means_in_every_case():
    template = PARAMETERS + (
        "Resources:\n  A: {Type: X}\n  B: {Type: X, Condition: IsLarge}\n  C: {Type: X, Condition: IsSmall}\n"
        "  D: {Type: X, Condition: HasArn}\n"
    )
    seen = view(template)
    a, b, c, d = (seen.resource(name).where for name in "ABCD")
    assert nest.covered(a, [b, c])
    assert not nest.covered(a, [b, d])
    assert nest.covered(b, [a])
    assert not nest.covered(b, [c])


def test_what_only_a_caller_chooses_is_not_usual():
    template = PARAMETERS + (
        "Resources:\n  A: {Type: X, Condition: IsLarge}\n  B: {Type: X, Condition: IsSmall}\n"
        "  C: {Type: X, Properties: {P: !Ref Size}}\n"
    )
    seen = view(template)
    assert not nest.usual(seen.resource("A").where)
    assert nest.usual(seen.resource("B").where)
    assert [nest.chosen(value.where) for value in seen.resource("C").values("P")] == [False, True]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "child.yaml").write_text(CHILD)
    return view(PARENT, tmp_path / "parent.yaml")


def test_a_child_sees_what_its_parent_gives(root):
    first, second = root.children["First"].resource("A"), root.children["Second"].resource("A")
    (given,) = first.values("P")
    assert given.value.resource is root.resource("One")
    (items,) = first.values("Q")
    assert [getattr(item, "resource", item) for item in items.value] == [root.resource("One"), "x"]
    (output,) = second.values("P")
    assert output.value == nest.Reference(first, "Arn")
    assert [value.value for value in second.values("R")] == ["https"]
    assert [value.value for value in first.values("R")] == ["https", "http"]


def test_conditions_of_parent_and_child_know_each_other(root):
    secured = root.children["First"].resource("B")
    assert nest.together(root.resource("Two").where, secured.where) is None
    assert nest.together(root.resource("One").where, secured.where) is not None


def test_a_condition_follows_an_output_that_may_be_empty(tmp_path):
    (tmp_path / "child.yaml").write_text(
        "Parameters: {Mode: {Type: String, AllowedValues: [a, b], Default: a}, Given: {Type: String, Default: ''}}\n"
        "Conditions: {IsOn: !Equals [!Ref Mode, a], HasGiven: !Not [!Equals [!Ref Given, '']]}\n"
        "Resources: {A: {Type: X, Condition: HasGiven}, N: {Type: X, Condition: IsOn}}\n"
        "Outputs: {Out: {Value: !If [IsOn, !Ref N, '']}}\n"
    )
    text = (
        "Parameters: {Mode: {Type: String, AllowedValues: [a, b], Default: a}}\n"
        "Conditions: {IsOff: !Equals [!Ref Mode, b]}\n"
        "Resources:\n  Without: {Type: X, Condition: IsOff}\n"
    )
    for name, given in (("First", "Mode: !Ref Mode"), ("Second", "Given: !GetAtt First.Outputs.Out")):
        text += f"  {name}:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n"
        text += f"      TemplateURL: child.yaml\n      Parameters: {{{given}}}\n"
    seen = view(text, tmp_path / "parent.yaml")
    made = seen.children["Second"].resource("A").where
    assert nest.together(made, seen.children["First"].resource("N").where) is not None
    assert nest.together(made, seen.resource("Without").where) is None


def test_everywhere_is_the_whole_nest(root):
    assert [resource.id for resource in root.children["First"].everywhere("X", "Z")] == ["One", "Two", "A", "A"]
