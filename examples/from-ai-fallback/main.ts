import { generateText, type LanguageModel, streamText } from 'ai';
import * as after from './after.ts';
import * as before from './before.ts';
import { startFake, state } from './fake.ts';

const fake = await startFake();
const make = { before: async () => before.makeModel(fake.urls), after: () => after.makeModel(fake.urls) };

/** What both versions do, each with a new model. */
async function compare(what: string, eu: typeof state.eu, use: (model: LanguageModel) => Promise<string>) {
  console.log(`# ${what}\n`);
  for (const version of ['before', 'after'] as const) {
    const model = await make[version]();
    Object.assign(state, { eu, asked: 0 });
    const result = await use(model).catch((error: Error) => `an error: ${error.message}`);
    console.log(
      `${version.padEnd(6)}  ${result}, ${state.asked} request${state.asked === 1 ? '' : 's'} to eu`,
    );
  }
  console.log();
}

const prompt = 'Count';
// #region generate
const generated = async (model: LanguageModel): Promise<string> =>
  (await generateText({ model, prompt, maxRetries: 0 })).text;
// #endregion generate
async function streamed(model: LanguageModel): Promise<string> {
  let text = '';
  let failure = '';
  const { textStream } = streamText({
    model,
    prompt,
    maxRetries: 0,
    onError: () => void (failure = ', then an error'),
  });
  try {
    for await (const part of textStream) text += part;
  } catch {
    failure = ', then an error';
  }
  return JSON.stringify(text) + failure;
}

await compare('all is well', 'ok', generated);
await compare('throttled', 'throttled', generated);
await compare('refused by a content filter', 'wrong', generated);
await compare('a stream that breaks before its first word', 'breaks', streamed);
await compare('a stream that breaks after its first word', 'breaks later', streamed);
fake.close();
