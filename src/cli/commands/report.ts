// `report`: the whole configuration as one page, or as data. Its parts are in report/, which loads on first
// use. The page is for the user alone: it shows everything but secrets.

import path from 'node:path';
import { readGiven, writePrivate } from '../argument-files.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { inspect } from '../inspect.ts';
import { withChain } from '../module.ts';
import type { ReportData } from '../report/data.ts';

export const report: Command = {
  name: 'report',
  arguments: ['[MODULE]'],
  summary: 'show the whole configuration on one page: layers, keys, winners, origins, health; no secret',
  flags: {
    html: { type: 'string', value: 'FILE', summary: 'the page to write; only you can read it' },
    since: { type: 'string', value: 'FILE', summary: 'an earlier report as JSON; shows what has changed' },
    force: { type: 'boolean', summary: 'replace an existing file; of a link, the link itself' },
  },
  examples: [
    'llm-config report --html report.html',
    'llm-config report --json > monday.json',
    'llm-config report dist/config.js --html report.html --since monday.json --force',
  ],
  async run(args, io) {
    const [file, since] = [args.text('html'), args.text('since')];
    if (file === undefined && !args.is('json'))
      throw new UsageError('--html is missing: name the file to write, or use --json');
    const { changesSince, parseReport, reportOf } = await import('../report/data.ts');
    const earlier = since === undefined ? undefined : await readGiven(path.resolve(io.cwd(), since), since);
    const before = earlier && parseReport(earlier.toString('utf8'), since as string);
    return withChain(args, io, async (loaded) => {
      const inspected = await inspect(loaded);
      const now = await reportOf(loaded, inspected);
      const compared = before && { since: { at: before.at, changes: changesSince(before, now) } };
      const data: ReportData = inspected.shown({ ...now, ...compared });
      if (file !== undefined) {
        const { pageOf } = await import('../report/page.ts');
        await writePrivate(path.resolve(io.cwd(), file), pageOf(data), { force: args.is('force') });
      }
      return { text: file ?? '', json: data };
    });
  },
};
