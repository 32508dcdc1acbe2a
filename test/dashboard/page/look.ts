/** Serves the scene of the tests until it is interrupted, and prints where: for whoever works on the page and wants to see it. */
import { setScene } from './scene.ts';
import { startWorld } from './world.ts';

const world = await startWorld();
await setScene(world);
console.log(`${world.url}\n${world.tokens.editor}`);
await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
await world[Symbol.asyncDispose]();
