// Validates one value with a schema, for `chain.require(key, schema)`, which loads this file on first use.
// Its error words a problem as a load does.

import type { Entry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { looksSecret } from '../redact.ts';
import type { StandardSchemaV1 } from '../schema/schema.ts';
import { holdsMark } from '../schema/shape.ts';
import { shapeOf } from '../schema/shape-of.ts';
import { Texts, validateTexts } from '../schema/texts.ts';
import { inTurns } from '../turns.ts';
import { wrongInside } from './problems.ts';
import { quotesOf } from './safe-message.ts';

/** Validates one entry.
 *  @throws ConfigError `validation`; its message shows the value only if that is not secret */
export async function parseLeaf<S extends StandardSchemaV1>(
  schema: S,
  entry: Entry,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const shape = shapeOf(schema);
  const texts = new Texts();
  if (entry.text) texts.add([], entry.value, shape, entry.text === 'wide');
  const result = await inTurns(validateTexts(schema, texts, () => texts.read([], entry.value)));
  if ('value' in result) return result.value as StandardSchemaV1.InferOutput<S>;
  const secret = entry.secret || holdsMark(shape) || looksSecret(entry.value);
  const found = {
    key: entry.key,
    value: entry.value,
    read: texts.read([], entry.value),
    secret,
    holdsSecret: secret ? quotesOf(entry.value) : () => false,
    shape,
    origin: entry.origin,
    text: entry.text ?? false,
  };
  const problems = result.issues.map((issue) => wrongInside(issue, found));
  const [first] = problems;
  throw new ConfigError('validation', `"${entry.key}" from ${entry.origin}: ${first?.message}`, {
    key: entry.key,
    origin: entry.origin,
    problems,
    ...(first?.hint && { hint: first.hint }),
  });
}
