/** What is written is read again: whatever a format or the YAML library says wrongly of a file, nothing wrong is committed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FilePlaces, readPlaces } from "../../../src/core/places/file-places.ts";
import { writePlaces } from "../../../src/core/places/write-places.ts";

const text = "image: {repository: team/app, tag: old}\nsidecar: {repository: team/other, tag: old}\nlabel: old\n";
const D = (digit: string) => `sha256:${digit.repeat(64)}`;
const question = { text, path: "values.yaml", image: { repository: "team/app" }, tag: "1234567", digest: D("b") };

type Places = FilePlaces["places"];
/** Says something else of the file that is to be written; of what was written it says the truth. */
function lying(lie: (places: Places) => Places): typeof readPlaces {
  return (asked) => {
    const file = readPlaces(asked);
    return asked.text === question.text ? { ...file, places: lie(file.places) } : file;
  };
}
const movedTo = (start: string) =>
  lying((places) => places.map((place, at) => (at === 0 ? { ...place, valueAt: text.indexOf(start) + start.length } : place)));

const lies: readonly [name: string, read: typeof readPlaces][] = [
  ["another image's tag is taken for ours", movedTo("team/other, tag: ")],
  ["a text that is no tag at all is taken for ours", movedTo("label: ")],
  ["the tag begins a character further on", movedTo("tag: o")],
  ["the tag ends in front of its end", lying((places) => places.map((place) => ({ ...place, value: place.value.slice(0, -1) })))],
  ["an image is not seen before", lying((places) => places.slice(0, 1))],
  ["an image is seen that is not there", lying((places) => [...places, ...places.slice(1)])],
  ["a tag without quotes is said to have some", lying((places) => places.map((place) => ({ ...place, isPlain: false })))],
  ["another's name is said to be ours", lying((places) => places.map((place) => ({ ...place, names: ["team/app"] })))],
];
for (const [name, read] of lies) {
  // F36-F37
  test(`nothing is written that reads wrongly: ${name}`, () => {
    assert.equal(writePlaces(question).kind, "ok");
    const written = writePlaces(question, read);
    assert.equal(written.kind, "invalid", JSON.stringify(written));
  });
}

// F36-F37
test("nothing is written that reads wrongly: the digest beside the tag is taken to be elsewhere", () => {
  const pinned = { ...question, text: text.replace("tag: old}", `tag: old, digest: "${D("a")}"}`) };
  const label = { value: "old", valueAt: pinned.text.lastIndexOf("old") };
  const read: typeof readPlaces = (asked) => {
    const file = readPlaces(asked);
    if (asked.text !== pinned.text) return file;
    const places = file.places.map((place) => ({
      ...place,
      ...(place.digestBeside && { digestBeside: { ...place.digestBeside, ...label } }),
    }));
    return { ...file, places };
  };
  assert.equal(writePlaces(pinned).kind, "ok");
  assert.equal(writePlaces(pinned, read).kind, "invalid");
});
