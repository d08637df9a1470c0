import type { ConfigValue } from '../value.ts';
import type { StandardSchemaV1 } from './schema.ts';
import { type Shape, shapeAt } from './shape.ts';
import { readings } from './strings.ts';

type Path = readonly PropertyKey[];

export interface Issue {
  readonly message: string;
  readonly path: Path;
  /** What the schema library says besides, to tell what kind of issue it is. */
  readonly raw?: object;
  /** A text that was refused before the schema could turn it into something that it is not. */
  readonly refused?: true;
  /** The schema's own code threw, so that nothing else was told. */
  readonly threw?: true;
}

export type Validated = { readonly value: unknown } | { readonly issues: readonly Issue[] };

interface Text {
  readonly path: Path;
  readonly text: string;
  readonly readings: readonly ConfigValue[];
  chosen: number;
}

const passes = 4;

/** A path as one string, which is the beginning of those of all paths inside it. */
const id = (path: Path): string => path.map((step) => `${JSON.stringify(String(step))},`).join('');

/** The ids of a path and of all that it stands in. */
const around = (path: Path): string[] => ['', ...path].map((_, depth) => id(path.slice(0, depth)));

/** What stands where: found for a path without looking at all of it. */
class Places<T extends { readonly path: Path }> {
  readonly #at = new Map<string, T[]>();
  readonly #around = new Map<string, T[]>();

  constructor(all: readonly T[]) {
    for (const one of all) {
      add(this.#at, id(one.path), one);
      for (const place of around(one.path)) add(this.#around, place, one);
    }
  }

  /** Those at a path or inside it. */
  inside(path: Path): readonly T[] {
    return this.#around.get(id(path)) ?? [];
  }

  /** Those at a path or around it. */
  outside(path: Path): readonly T[] {
    return around(path).flatMap((place) => this.#at.get(place) ?? []);
  }

  touch(path: Path): boolean {
    return this.inside(path).length > 0 || this.outside(path).length > 0;
  }
}

function add<T>(places: Map<string, T[]>, place: string, one: T): void {
  const there = places.get(place);
  if (there) there.push(one);
  else places.set(place, [one]);
}

/** The strings of a configuration that may be read as the schema wants, and what each is read as at the moment. */
export class Texts {
  readonly #texts = new Map<string, Text>();

  /** All strings in `value`, which stands at `path`; `shape` is that of the whole configuration. */
  add(path: Path, value: ConfigValue, shape: Shape): void {
    if (typeof value === 'string') {
      this.#texts.set(id(path), {
        path,
        text: value,
        readings: readings(value, shapeAt(shape, path)),
        chosen: 0,
      });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value))
        this.add([...path, name], inner as ConfigValue, shape);
    }
  }

  /** `value`, with the strings inside it as they are read at the moment. */
  read(path: Path, value: ConfigValue): ConfigValue {
    if (this.#texts.size === 0) return value;
    if (typeof value === 'string') {
      const text = this.#texts.get(id(path));
      const reading = text?.readings[text.chosen];
      return reading === undefined ? value : reading;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: ConfigValue, at) => this.read([...path, at], item));
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.read([...path, name], inner as ConfigValue)]),
    );
  }

  refused(): Issue[] {
    return [...this.#texts.values()]
      .filter(({ readings }) => readings.length === 0)
      .map(({ path }) => ({ path, message: 'is not what is wanted here', refused: true }));
  }

  /** Takes the next reading of each text that an issue touches; false when there is none left. */
  advance(issues: readonly Issue[]): boolean {
    const places = new Places(issues);
    let advanced = false;
    for (const text of this.#texts.values()) {
      if (text.chosen >= text.readings.length - 1 || !places.touch(text.path)) continue;
      text.chosen++;
      advanced = true;
    }
    return advanced;
  }

  /** How many texts are themselves what issues are about. */
  accused(issues: readonly Issue[]): number {
    const places = new Places(issues);
    return [...this.#texts.values()].filter(({ path }) => places.inside(path).length > 0).length;
  }

  /** The places of those that are read as something else than the first choice. */
  strayed(): Places<Text> {
    return new Places([...this.#texts.values()].filter(({ chosen }) => chosen > 0));
  }
}

/** What a schema said of one choice of readings. */
interface Pass {
  readonly issues: readonly Issue[];
  readonly accused: number;
  readonly strayed: Places<Text>;
}

/** Validates what `build` makes, at most four times: each time a refused text is read as the next thing that it may stand for. */
export async function validateTexts(
  schema: StandardSchemaV1,
  texts: Texts,
  build: () => unknown,
): Promise<Validated> {
  const refused = texts.refused();
  const all: Pass[] = [];
  for (;;) {
    const result = await validate(schema, build());
    if ('value' in result && refused.length === 0) return result;
    const issues = 'issues' in result ? result.issues : [];
    all.push({ issues, accused: texts.accused(issues), strayed: texts.strayed() });
    if (issues.length === 0 || all.length >= passes || !texts.advance(issues))
      return { issues: [...refused, ...told(all, refused)] };
  }
}

/** What is told is what the schema said when it accused the fewest texts. Of one that it accused at each reading, that is what it said
 *  of the text itself. */
function told(all: readonly Pass[], refused: readonly Issue[]): Issue[] {
  const first = new Places((all[0] as Pass).issues);
  const best = all.reduce((least, pass) => (pass.accused < least.accused ? pass : least));
  const unwanted = new Places(refused);
  const chosen = best.issues.flatMap((issue) => {
    if (unwanted.outside(issue.path).length > 0) return [];
    const before =
      best.strayed.outside(issue.path).length > 0
        ? [...first.outside(issue.path), ...first.inside(issue.path)]
        : [];
    return before.length > 0 ? before : [issue];
  });
  return [...new Set(chosen)];
}

async function validate(schema: StandardSchemaV1, input: unknown): Promise<Validated> {
  try {
    const result = await schema['~standard'].validate(input);
    if (!result.issues) return { value: result.value };
    return {
      issues: result.issues.map((raw) => ({
        message: String(raw.message),
        // arktype's own kind of list maps an empty one to one with an item
        path: Array.from(raw.path ?? [], (step) => (typeof step === 'object' ? step.key : step)),
        raw,
      })),
    };
  } catch (error) {
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'an error';
    return {
      issues: [{ path: [], message: `a check or a transform of the schema threw ${name}`, threw: true }],
    };
  }
}
