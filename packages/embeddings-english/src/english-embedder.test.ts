// The model itself, in its thread, from the files of its package.
import { embedderSuite } from "@agentcore/core/testing";
import { afterAll, expect, test } from "vitest";
import { createEnglishEmbedder } from "./index.ts";

const embedder = createEnglishEmbedder();
afterAll(() => embedder.close());

const { signal } = new AbortController();
const likeness = async (a: string, b: string): Promise<number> => {
  const [left = [], right = []] = await embedder.embed("acme", [a, b], { signal });
  return Array.from(left).reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
};

embedderSuite({
  name: "local/english",
  test,
  open: async () => ({ embedder, close: async () => undefined }),
});

test("what means alike in other words is nearer than what has equal words and means another thing", async () => {
  for (const [one, like, unlike] of [
    ["How old are you?", "What is your age?", "How are you?"],
    ["the physician cured the patient", "a doctor treated someone who was ill", "the patient waited for the bus"],
    ["my phone is broken", "the mobile does not work any more", "my brother is broke"],
  ] as const)
    expect(await likeness(one, like), one).toBeGreaterThan((await likeness(one, unlike)) + 0.05);
});

test("sentences of other languages that have nothing to do with each other are not alike", async () => {
  for (const [one, other] of [
    ["Wann fährt der letzte Zug nach Köln ab?", "Ich habe mein Passwort vergessen und komme nicht mehr hinein"],
    ["Le train pour Lille part à quelle heure ?", "J'ai oublié mon mot de passe hier soir"],
    ["¿A qué hora sale el último tren?", "He olvidado la contraseña de mi cuenta"],
    ["O comboio sai às sete horas da manhã", "Esqueci a senha da minha conta"],
    ["A che ora parte il treno per Roma?", "Ho dimenticato la password del mio conto"],
    ["O której odjeżdża ostatni pociąg?", "Nie pamiętam hasła do swojego konta"],
    ["Поезд уходит в семь часов", "Я забыл пароль от почты"],
    ["最終電車は何時ですか", "パスワードを忘れました"],
  ] as const)
    expect(await likeness(one, other), `${one} and ${other}`).toBeLessThan(0.35);
});

test("what stands behind the first 128 tokens counts, and what comes first counts no less", async () => {
  const garden = "We water the garden, cut the roses and plant tulips in the spring. ".repeat(12);
  const aboutMoney = "The bank raised its interest rates on mortgages and loans again. ".repeat(12);
  expect(await likeness(garden + aboutMoney, aboutMoney)).toBeGreaterThan((await likeness(garden, aboutMoney)) + 0.2);
  expect(await likeness(garden + aboutMoney, garden)).toBeGreaterThan((await likeness(garden, aboutMoney)) + 0.2);
});

test("its thread does not hold the node's, and a program ends without closing it", async () => {
  let longestMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }, 5);
  const startedAt = performance.now();
  await embedder.embed(
    "acme",
    Array.from({ length: 64 }, (_, at) => `invoice number ${at} of the month`),
    { signal },
  );
  const tookMs = performance.now() - startedAt;
  clearInterval(timer);
  expect(tookMs).toBeGreaterThan(100);
  expect(longestMs).toBeLessThan(tookMs / 3);
});
