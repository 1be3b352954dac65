"""The survey of templates of others."""

from review.survey import main

ROUTE = """
Resources:
  VPC: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}}
"""


def test_counts_findings_by_rule_and_shows_those_asked_for(tmp_path, capsys):
    (tmp_path / "one.yaml").write_text(ROUTE)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "two.template").write_text(ROUTE)
    (tmp_path / "compose.yaml").write_text("services: {}")
    (tmp_path / "broken.json").write_text('{"Resources": ')
    assert main([str(tmp_path), "--show", "E9110"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 templates, 2 findings of ")
    assert "E9110      2 in    2  Address block of a size that EC2 refuses" in shown
    assert f"E9110 {tmp_path / 'one.yaml'}: Resources/VPC/Properties/CidrBlock: " in shown


def test_a_rule_that_fails_is_shown_and_fails_the_survey(tmp_path, capsys, monkeypatch):
    (tmp_path / "one.yaml").write_text(ROUTE)
    monkeypatch.setattr("review.survey.Rules", Broken)
    assert main([str(tmp_path)]) == 1
    assert "FAILED E9999      1 in    1  Breaks" in capsys.readouterr().out


def test_no_folder_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'nowhere'} is no folder\n"


class Broken:
    """A rule that fails, and the set that holds it."""

    id, shortdesc = "E9999", "Breaks"

    @classmethod
    def create_from_directory(cls, _folder):
        cls.data = {cls.id: cls()}
        return cls

    def match(self, _template):
        raise TypeError("7 is no text")
