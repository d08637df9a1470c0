// The types of the section `prompts`, as a load returns it. `shape.ts` says the same as data.

/** A variable of a prompt. Without `required` and `default` it is optional, and an empty text if it is not
 *  given. */
export interface PromptVariable {
  /** Whether it must be given. @default false */
  readonly required?: boolean;
  /** The value if it is not given. @default none */
  readonly default?: unknown;
}

/** A version of a prompt. */
export interface PromptData {
  /** A text with `{{name}}`, `{{#if}}`, `{{#unless}}` and `{{#each}}`. */
  readonly text?: string;
  /** @default each variable that the text reads must be given */
  readonly variables?: Readonly<Record<string, PromptVariable>>;
  /** The SHA-256 of the text, in hexadecimal digits. A load refuses the version if its text has another.
   *  @default the version is not locked */
  readonly hash?: string;
}

/** A prompt with a weight among the variants of a task. */
export interface WeightedPrompt {
  /** The name and the versions: `summarize@^1.4`. */
  readonly prompt: string;
  /** Its share of the subjects. @default 1 */
  readonly weight?: number;
}

/** The prompt of a task: `summarize`, `summarize@1.4.2`, or several with weights. */
export type TaskPrompt = string | readonly (string | WeightedPrompt)[];
