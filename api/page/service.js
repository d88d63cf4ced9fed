// Asks the service. An answer is {ok: true, data} or {ok: false, problem}, the problem in the form of RFC 9457.

export async function ask(route, request, signal) {
  try {
    const options = request && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    };
    const response = await fetch(`v1/${route}`, { ...options, signal });
    const data = await response.json();
    return response.ok ? { ok: true, data } : { ok: false, problem: data };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { ok: false, problem: { detail: "The service does not answer.", code: "offline", hint: "Try again in a moment." } };
  }
}
