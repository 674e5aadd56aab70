// The data blocks of the page: deflated JSON in base64, opened when they are needed.
async function opened(id) {
  const text = atob(byId(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const SEVERITY = ["ERROR", "FAIL", "VACUOUS", "NOT RUN", "SKIP", "PASS"];

async function readSteps() {
  const {chunk, columns, strings} = await opened("index");
  const steps = columns.id.map((id, at) => ({
    at,
    id,
    verdict: strings[columns.verdict[at]],
    outcome: strings[columns.outcome[at]],
    summary: strings[columns.summary[at]],
    why: strings[columns.why[at]],
    tags: columns.tags[at].map((number) => strings[number]),
    capabilities: columns.capabilities[at].map((number) => strings[number]),
    injected: columns.injected[at],
    elapsed: columns.elapsed[at],
    words: "",
  }));
  const chunks = new Map();
  const detail = async (step) => {
    const number = Math.floor(step.at / chunk);
    if (!chunks.has(number)) {
      if (chunks.size > 8) chunks.delete(chunks.keys().next().value);
      chunks.set(number, opened(`chunk-${number}`));
    }
    return (await chunks.get(number))[step.at % chunk];
  };
  return {steps, byName: new Map(steps.map((step) => [step.id, step])), detail};
}
