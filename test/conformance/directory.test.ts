import { DirectoryProvider } from 'llm-config-manager';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';

const never = 'a folder exists or is missing';

const without = {
  types: 'files contain text',
  null: 'files contain text',
  batch: 'a folder is read as a whole',
  write: 'mounted files belong to the system that mounts them',
  versions: 'a file has no versions',
  denied: 'denied access to a file makes a hole',
  unavailable: never,
  throttled: never,
  hang: never,
  garbage: 'an unreadable file makes a hole',
  closing: never,
} as const;

describeProvider({
  name: 'DirectoryProvider of files with dotted names',
  runner,
  make: async (values) => {
    const box = await sandbox({ files: values as Record<string, string> });
    return {
      provider: new DirectoryProvider(box.directory),
      change: (key, value) =>
        value === undefined ? box.write({ [key]: undefined }) : box.replace(key, value as string),
      damage: (key) => box.write({ [key]: new Uint8Array([0xff, 0xfe, 0xff]) }),
      dispose: box.dispose,
    };
  },
  without,
});

describeProvider({
  name: 'DirectoryProvider of a mounted volume',
  runner,
  make: async (values) => {
    const box = await sandbox();
    const current = { ...values } as Record<string, string>;
    let generation = 0;
    // As Kubernetes does: writes a new folder and swaps one link to it. Each file is a link through it.
    const mount = async (): Promise<void> => {
      const files = Object.entries(current).map(([key, text]) => [`..${generation}/${key}`, text] as const);
      await box.write({ ...Object.fromEntries(files), [`..${generation}/.keep`]: '' });
      await box.link('..data', `..${generation++}`);
    };
    const show = (key: string): Promise<void> => box.link(key, `..data/${key}`);
    await mount();
    for (const key of Object.keys(current)) await show(key);
    return {
      provider: new DirectoryProvider(box.directory),
      change: async (key, value) => {
        const isNew = !(key in current);
        if (value === undefined) delete current[key];
        else current[key] = value as string;
        await mount();
        if (value === undefined) await box.write({ [key]: undefined });
        else if (isNew) await show(key);
      },
      dispose: box.dispose,
    };
  },
  without: { ...without, damage: 'tested with files that are not links' },
});
