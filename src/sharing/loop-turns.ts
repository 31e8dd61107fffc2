/** Lets so many of a crowd go on per turn of the event loop: in between, the readiness of everything else is answered. */
export function createLoopTurns(perTurn: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  function next(): void {
    for (const go of waiting.splice(0, perTurn)) go();
    if (waiting.length > 0) setImmediate(next);
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next);
    });
}
