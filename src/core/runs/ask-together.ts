import { noTracer, type Span, type Tracer } from "../tracer.ts";

/**
 * Equal questions of one turn of the event loop get one answer. Work on it begins when that turn ends, so it is not older than any of them;
 * it gets what the first said `more`, and belongs to its trace, to which the others are linked.
 */
export function askTogether<Q, More extends unknown[], V>(work: (question: Q, ...more: More) => Promise<V>, tracer: Tracer = noTracer) {
  const asked = new Map<string, { readonly answer: Promise<V>; readonly span: Span | undefined }>();
  return (question: Q, ...more: More): Promise<V> => {
    const key = JSON.stringify(question);
    const known = asked.get(key);
    if (known) {
      tracer.link(known.span);
      return known.answer;
    }
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    const answer = turn.then(() => {
      asked.delete(key);
      return work(question, ...more);
    });
    asked.set(key, { answer, span: tracer.active() });
    return answer;
  };
}
