"""The story: seven repositories from a commit to verified production, with no line outside configuration.

Each ring has a class of it, and a fixture `story` for its cluster. The tests go in the order of this file.
"""

from __future__ import annotations

from tests.skeletons import charts
from tests.skeletons.repositories import CANARY, digest_of, secret_of, secrets_file
from tests.skeletons.story import Story, everywhere
from tests.skeletons.table import BY_NAME, CHARTS, SKELETONS

WHOLE = [
    *["lint", "security", "unit", "build"],
    *["deploy-test", "healthcheck-test", "smoke-test", "acceptance-test", "approve-production"],
    *["deploy-production", "healthcheck-production", "smoke-production", "watch-production", "alert"],
]
BY_SECRET, BY_VALUE = ("submitter", "publisher"), ("user-filestore", "service-token-cache")
FEATURES = ("submitter", "runner", "publisher")
BROKEN = "pdf-generator"


class Told:
    """What is told wherever there is a cluster."""

    def test_each_goes_from_its_commit_to_verified_production(self, story: Story) -> None:
        story.passes()
        for skeleton in SKELETONS:
            stages = story.stages(skeleton.name)
            assert list(stages) == [each for each in WHOLE if skeleton.acceptance or "acceptance" not in each]
            assert {stage["outcome"] for stage in stages.values()} == {"passed"}
            record = story.record(skeleton.name)
            assert (record["branch"], record["commit"]) == (skeleton.main, story[skeleton.name].head)
            status = story.status(skeleton.name)
            assert {space for _, space in skeleton.places} == set(status)
            for space, row in status.items():
                assert (row["verified"], row["version"]) == (True, record["version"]), (skeleton.name, space)
        for environment in ("test", "production"):
            assert story.said("word", environment) == everywhere(environment, "one")

    def test_pods_have_the_secrets_and_values_of_their_own_space(self, story: Story) -> None:
        for skeleton in CHARTS:
            for _, space in skeleton.places:
                told = story.told(skeleton.name, space)
                assert told["secret"] == digest_of(secret_of(skeleton, space)), (skeleton.name, space)
                assert (told["greeting"], told["limit"], told["space"]) == ("hello", "10", space)

    def test_a_feature_branch_stops_at_test(self, story: Story) -> None:
        for name in FEATURES:
            story[name].git("checkout", "--quiet", "-b", "feature/word")
            story[name].commit({"word": "two\n"})
        story.passes(*FEATURES)
        for name in FEATURES:
            assert not [each for each in story.stages(name) if each.endswith("production")]
        assert story.said("word", "test", FEATURES) == everywhere("test", "two", FEATURES)
        assert story.said("word", "production", FEATURES) == everywhere("production", "one", FEATURES)

    def test_a_commit_of_each_main_branch_is_seen(self, story: Story) -> None:
        for skeleton in SKELETONS:
            app = story[skeleton.name]
            app.git("checkout", "--quiet", skeleton.main)
            app.commit({"word": "three\n"})
        story.passes()
        for environment in ("test", "production"):
            assert story.said("word", environment) == everywhere(environment, "three")
        for skeleton in SKELETONS:
            for space, row in story.status(skeleton.name).items():
                assert (row["verified"], row["version"]) == (True, story[skeleton.name].head[:12]), space

    def test_configuration_alone_reaches_the_pods(self, story: Story) -> None:
        """A value in a chart, by a commit; a secret and a value of the spaces, by one in their repository."""
        images = {name: story.images(name) for name in (*BY_SECRET, *BY_VALUE)}
        for name in BY_VALUE:
            chart = f"{BY_NAME[name].chart}/values.yaml"
            story[name].commit({chart: charts.values(BY_NAME[name], greeting="good day")})
        story.repositories.secrets.commit(
            {
                secrets_file(BY_NAME[name], space): charts.secret_values(
                    BY_NAME[name], space, secret_of(BY_NAME[name], space, 2), limit=20
                )
                for name in BY_SECRET
                for _, space in BY_NAME[name].places
            }
        )
        story.passes(*BY_SECRET, *BY_VALUE)
        assert {name: story.images(name) for name in images} == images, "no image is another one"
        for environment in ("test", "production"):
            assert story.said("greeting", environment, BY_VALUE) == everywhere(
                environment, "good day", BY_VALUE
            )
            assert story.said("limit", environment, BY_SECRET) == everywhere(environment, "20", BY_SECRET)
        for name in BY_SECRET:
            for _, space in BY_NAME[name].places:
                assert story.told(name, space)["secret"] == digest_of(secret_of(BY_NAME[name], space, 2))

    def test_what_a_check_finds_stops_it_by_name(self, story: Story) -> None:
        app = story[BROKEN]
        code = (app.root / "app.py").read_text(encoding="utf-8")
        app.commit({"app.py": code.replace('200, "healthy"', '200, "unwell"')})
        ended = story.run(BROKEN)[BROKEN]
        assert ended.code == 1, ended.output
        assert "health and readiness are answered" in ended.output
        assert story.stages(BROKEN)["deploy-test"]["outcome"] == "not run"
        app.commit({"app.py": code + f"# {'long ' * 30}\n"})
        ended = story.run(BROKEN)[BROKEN]
        assert ended.code == 1, ended.output
        assert "Layout/LineLength" in ended.output
        app.commit({"app.py": code + "\n\ndef worse() -> object:\n    return eval(input())\n"})
        ended = story.run(BROKEN)[BROKEN]
        assert ended.code == 1, ended.output
        assert "Dangerous Eval" in ended.output or "Dynamic string evaluated" in ended.output
        assert story.said("word", "production", [BROKEN]) == everywhere("production", "three", [BROKEN])

    def test_the_secrets_are_in_no_record_and_no_log(self, story: Story) -> None:
        assert story.outputs
        for output in story.outputs:
            assert CANARY not in output
        for app in story.repositories.apps.values():
            kept = [path for path in (app.root / ".pipeline").rglob("*") if path.is_file()]
            assert kept
            for path in kept:
                assert CANARY.encode() not in path.read_bytes(), path
