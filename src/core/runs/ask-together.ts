import { noTracer, type Span, type Tracer } from "../tracer.ts";

interface Shared<V> {
  readonly answer: Promise<V>;
  readonly span: Span | undefined;
}

/**
 * Equal questions of one turn of the event loop get one answer. Work on it begins when that turn ends, so it is not older than any of them;
 * it belongs to the trace of the first, and the others are linked to that one.
 */
export function askTogether<Q, V>(work: (question: Q) => Promise<V>, tracer: Tracer = noTracer): (question: Q) => Promise<V> {
  const asked = new Map<string, Shared<V>>();
  return (question) => {
    const key = JSON.stringify(question);
    const known = asked.get(key);
    if (known) {
      tracer.link(known.span);
      return known.answer;
    }
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    const answer = turn.then(() => {
      asked.delete(key);
      return work(question);
    });
    asked.set(key, { answer, span: tracer.active() });
    return answer;
  };
}
