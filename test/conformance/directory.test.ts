import { DirectoryProvider } from 'llm-config-manager';
import { describeProvider, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';

const never = 'a folder is there or it is not';

const without = {
  types: 'files hold texts',
  null: 'files hold texts',
  batch: 'a folder is read as a whole',
  write: 'what is mounted belongs to who mounts it',
  denied: 'a file is denied alone, and is then a hole',
  unavailable: never,
  throttled: never,
  hang: never,
  garbage: 'a file is unreadable alone, and is then a hole',
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
    const held = { ...values } as Record<string, string>;
    let generation = 0;
    // as Kubernetes does: a new folder of files, and then one link swapped to it; each file is a link through that one
    const mount = async (): Promise<void> => {
      const files = Object.entries(held).map(([key, text]) => [`..${generation}/${key}`, text] as const);
      await box.write({ ...Object.fromEntries(files), [`..${generation}/.keep`]: '' });
      await box.link('..data', `..${generation++}`);
    };
    const show = (key: string): Promise<void> => box.link(key, `..data/${key}`);
    await mount();
    for (const key of Object.keys(held)) await show(key);
    return {
      provider: new DirectoryProvider(box.directory),
      change: async (key, value) => {
        const isNew = !(key in held);
        if (value === undefined) delete held[key];
        else held[key] = value as string;
        await mount();
        if (value === undefined) await box.write({ [key]: undefined });
        else if (isNew) await show(key);
      },
      dispose: box.dispose,
    };
  },
  without: { ...without, damage: 'shown with files of their own' },
});
