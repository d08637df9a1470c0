// Validation with strings of unknown meaning. `loadConfig` and `chain.require` call it. Where a source has
// only text, a string may be itself, a number, a list and so on (`readings.ts`). A schema may decide in code,
// so readings are tried: if it rejects the first, the next one follows, in at most four passes.

import { type Steps, wait } from '../turns.ts';
import type { ConfigValue } from '../value.ts';
import { idOf, PathIndex } from './by-path.ts';
import type { Issue, Path, RawIssue } from './dialects/dialect.ts';
import { readIssue } from './issues.ts';
import { readings } from './readings.ts';
import type { StandardSchemaV1 } from './schema.ts';
import { type Kind, type Shape, shapeAt } from './shape.ts';

export type Validated = { readonly value: unknown } | { readonly issues: readonly Issue[] };

interface Text {
  readonly path: Path;
  readonly text: ConfigValue;
  readonly readings: readonly ConfigValue[];
  /** The index of the current reading. */
  chosen: number;
}

const maxPasses = 4;

/** How the strings of a configuration were read: the readings that differ from their strings, by path. */
export class ReadTexts {
  readonly #readings: ReadonlyMap<string, ConfigValue>;

  constructor(readings: ReadonlyMap<string, ConfigValue>) {
    this.#readings = readings;
  }

  /** `value` with the reading of each string inside it. */
  read(path: Path, value: ConfigValue): ConfigValue {
    return this.#readings.size === 0 ? value : readAll(path, value, (id) => this.#readings.get(id));
  }
}

/** The strings of a configuration that have several readings, each with its current reading. */
export class Texts {
  readonly #texts = new Map<string, Text>();

  /** Adds all strings in the `value` at `path`. `shape` is that of the whole configuration; `wide`: more
   *  texts are booleans. */
  add(path: Path, value: ConfigValue, shape: Shape, wide = false): void {
    if (typeof value === 'string') {
      this.#texts.set(idOf(path), {
        path,
        text: value,
        readings: readings(value, shapeAt(shape, path), wide),
        chosen: 0,
      });
    } else if (value === true || value === false) {
      if (isMisread(shapeAt(shape, path)))
        this.#texts.set(idOf(path), { path, text: value, readings: [], chosen: 0 });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value))
        this.add([...path, name], inner as ConfigValue, shape, wide);
    }
  }

  /** `value` with the current reading of each string inside it. */
  read(path: Path, value: ConfigValue): ConfigValue {
    return this.#texts.size === 0 ? value : readAll(path, value, (id) => currentReading(this.#texts.get(id)));
  }

  /** The current readings, to keep when no other is tried any more. */
  settled(): ReadTexts {
    const readings = new Map<string, ConfigValue>();
    for (const [id, text] of this.#texts) {
      const reading = currentReading(text);
      if (reading !== undefined && reading !== text.text) readings.set(id, reading);
    }
    return new ReadTexts(readings);
  }

  /** An issue for each text without a reading. */
  refused(): Issue[] {
    return [...this.#texts.values()]
      .filter(({ readings }) => readings.length === 0)
      .map(({ path }) => ({ path, message: 'is not what the schema expects', refused: true }));
  }

  /** Moves each text that an issue touches to its next reading. False if no text has another one. */
  advance(issues: readonly Issue[]): boolean {
    const index = new PathIndex(issues);
    let advanced = false;
    for (const text of this.#texts.values()) {
      if (text.chosen >= text.readings.length - 1 || !index.touches(text.path)) continue;
      text.chosen++;
      advanced = true;
    }
    return advanced;
  }

  /** The number of texts that have issues of their own. */
  countRejected(issues: readonly Issue[]): number {
    const index = new PathIndex(issues);
    return [...this.#texts.values()].filter(({ path }) => index.inside(path).length > 0).length;
  }

  /** The texts that have moved past their first reading. */
  reread(): PathIndex<Text> {
    return new PathIndex([...this.#texts.values()].filter(({ chosen }) => chosen > 0));
  }
}

/** Whether a schema would turn a boolean into a number or a date: an option without its value is `true`. */
const isMisread = (shape: Shape | undefined): boolean =>
  shape?.coerces === true && !['boolean', 'string'].some((kind) => shape.kinds?.has(kind as Kind) !== false);

const currentReading = (text: Text | undefined): ConfigValue | undefined => text?.readings[text.chosen];

/** `value` with what `readingOf` has for each string inside it. */
function readAll(
  path: Path,
  value: ConfigValue,
  readingOf: (id: string) => ConfigValue | undefined,
): ConfigValue {
  if (typeof value === 'string') {
    const reading = readingOf(idOf(path));
    return reading === undefined ? value : reading;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item: ConfigValue, at) => readAll([...path, at], item, readingOf));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      readAll([...path, name], inner as ConfigValue, readingOf),
    ]),
  );
}

/** The issues for one choice of readings. */
interface Pass {
  readonly issues: readonly Issue[];
  readonly rejected: number;
  readonly reread: PathIndex<Text>;
}

/** Validates what `build` makes of the current readings. Moves rejected texts to their next readings and
 *  tries again. A step before each validation, which cannot be interrupted. */
export function* validateTexts(
  schema: StandardSchemaV1,
  texts: Texts,
  build: () => unknown,
): Steps<Validated> {
  const refused = texts.refused();
  const passes: Pass[] = [];
  for (;;) {
    const input = build();
    yield;
    const result = yield* validate(schema, input);
    if ('value' in result && refused.length === 0) return result;
    const issues = 'issues' in result ? result.issues : [];
    passes.push({ issues, rejected: texts.countRejected(issues), reread: texts.reread() });
    if (issues.length === 0 || passes.length >= maxPasses || !texts.advance(issues))
      return { issues: [...refused, ...clearestIssues(passes, refused)] };
  }
}

/** The issues of the pass that rejected the fewest texts. For a text that every pass rejected, the issues of
 *  the first pass instead: they are about the text as the source has it. */
function clearestIssues(passes: readonly Pass[], refused: readonly Issue[]): Issue[] {
  const first = new PathIndex((passes[0] as Pass).issues);
  const best = passes.reduce((least, pass) => (pass.rejected < least.rejected ? pass : least));
  const refusedIndex = new PathIndex(refused);
  const issues = best.issues.flatMap((issue) => {
    if (refusedIndex.around(issue.path).length > 0) return [];
    const before =
      best.reread.around(issue.path).length > 0
        ? [...first.around(issue.path), ...first.inside(issue.path)]
        : [];
    return before.length > 0 ? before : [issue];
  });
  return [...new Set(issues)];
}

function* validate(schema: StandardSchemaV1, input: unknown): Steps<Validated> {
  let result: ReturnType<StandardSchemaV1['~standard']['validate']>;
  try {
    result = schema['~standard'].validate(input);
    if (!('then' in result)) return validated(result);
  } catch (error) {
    return failed(error);
  }
  const later = Promise.resolve(result).then(validated).catch(failed); // also if it is not waited for
  return yield* wait({ who: 'an asynchronous check or transform of the schema', later: () => later });
}

function validated(result: StandardSchemaV1.Result<unknown>): Validated {
  if (!result.issues) return { value: result.value };
  return { issues: result.issues.map((raw) => readIssue(raw as unknown as RawIssue)) };
}

function failed(error: unknown): Validated {
  // the message of an error may hold a value; its class name does not
  const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'an error';
  return {
    issues: [{ path: [], message: `a check or a transform of the schema threw ${name}`, threw: true }],
  };
}
