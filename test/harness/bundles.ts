/** Before the tests on a network: the apps are bundled once, and started from that. */
import process from 'node:process';
import { makeBundles } from '../../infra/stack/bundles.ts';

export default function setup(): void {
  process.env.QV_BUNDLES = makeBundles();
}
