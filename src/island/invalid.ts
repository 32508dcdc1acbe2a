/** The error of a work that no pod can be made for, however often it is tried. */

/** Thrown while building the objects of an attempt, when the IslandJob or its podTemplate asks for something impossible. */
export class InvalidWorkError extends Error {
  override readonly name = 'InvalidWorkError';
}
