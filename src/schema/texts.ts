import type { ConfigValue } from '../entry.ts';
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
const id = (path: Path): string => path.map((step) => JSON.stringify(String(step))).join();
const isWithin = (path: Path, outer: Path): boolean => outer.every((step, at) => String(step) === String(path[at]));

/** The strings of a configuration that may be read as the schema wants, and what each is read as at the moment. */
export class Texts {
  readonly #texts = new Map<string, Text>();

  /** All strings in `value`, which stands at `path`; `shape` is that of the whole configuration. */
  add(path: Path, value: ConfigValue, shape: Shape): void {
    if (typeof value === 'string') {
      this.#texts.set(id(path), { path, text: value, readings: readings(value, shapeAt(shape, path)), chosen: 0 });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) this.add([...path, name], inner as ConfigValue, shape);
    }
  }

  /** `value`, with the strings inside it as they are read at the moment. */
  read(path: Path, value: ConfigValue): ConfigValue {
    if (this.#texts.size === 0) return value;
    if (typeof value === 'string') {
      const text = this.#texts.get(id(path));
      return text ? (text.readings[text.chosen] ?? value) : value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: ConfigValue, at) => this.read([...path, at], item));
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.read([...path, name], inner as ConfigValue)]));
  }

  refused(): Issue[] {
    return [...this.#texts.values()]
      .filter(({ readings }) => readings.length === 0)
      .map(({ path }) => ({ path, message: 'is not what is wanted here', refused: true }));
  }

  /** Takes the next reading of each text that an issue touches; false when there is none left. */
  advance(issues: readonly Issue[]): boolean {
    let advanced = false;
    for (const text of this.#texts.values()) {
      if (text.chosen >= text.readings.length - 1 || !this.#touched(text, issues)) continue;
      text.chosen++;
      advanced = true;
    }
    return advanced;
  }

  #touched({ path }: Text, issues: readonly Issue[]): boolean {
    return issues.some((issue) => isWithin(path, issue.path) || isWithin(issue.path, path));
  }

  /** Whether a text at `path` has been read as something else than the first choice. */
  strayed(issue: Issue): boolean {
    return [...this.#texts.values()].some((text) => text.chosen > 0 && this.#touched(text, [issue]));
  }
}

/** Validates what `build` makes, at most four times: each time a refused text is read as the next thing that it may stand for. */
export async function validateTexts(schema: StandardSchemaV1, texts: Texts, build: () => unknown): Promise<Validated> {
  const refused = texts.refused();
  let first: readonly Issue[] | undefined;
  for (let pass = 1; ; pass++) {
    const result = await validate(schema, build());
    if ('value' in result && refused.length === 0) return result;
    const issues = 'issues' in result ? result.issues : [];
    first ??= issues;
    if (issues.length === 0 || pass >= passes || !texts.advance(issues))
      return { issues: [...refused, ...told(issues, first, texts, refused)] };
  }
}

/** Where no reading was accepted, what is told is what the schema said of the text itself. */
function told(last: readonly Issue[], first: readonly Issue[], texts: Texts, refused: readonly Issue[]): Issue[] {
  const own = last.filter((issue) => !refused.some(({ path }) => isWithin(issue.path, path)));
  const chosen = own.flatMap((issue) => {
    const before = texts.strayed(issue) ? first.filter(({ path }) => isWithin(path, issue.path) || isWithin(issue.path, path)) : [];
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
        path: (raw.path ?? []).map((step) => (typeof step === 'object' ? step.key : step)),
        raw,
      })),
    };
  } catch (error) {
    const name = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : 'an error';
    return { issues: [{ path: [], message: `a check or a transform of the schema threw ${name}`, threw: true }] };
  }
}
