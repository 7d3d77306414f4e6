/** A file that names the point at which a process is to die: armed while it runs, so that it need not be started anew. */
import { rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';

export interface FaultFile {
  /** For the component's environment. */
  readonly env: { readonly FAULT_POINT: string };
  /** It dies at `point` of what `run` begins, which goes unanswered, and is down when this is done. */
  killAt(point: string, component: Component, run: () => Promise<unknown>): Promise<void>;
}

export const createFaultFile = (file: string): FaultFile => ({
  env: { FAULT_POINT: `@${file}` },
  killAt: async (point, component, run) => {
    writeFileSync(file, point);
    const lost = run().catch(() => 'lost');
    await component.ended();
    rmSync(file);
    expect(await lost).toBe('lost');
  },
});
