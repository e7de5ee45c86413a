/** English words that say nothing about what is wanted. What is said with them alone asks for nothing. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    "a about above across after again against all almost alone along already also although always am among an and another any anybody anyone anything anyway " +
    "are aren't around as at away back be because been before behind being below beside besides between beyond both but by came can can't cannot come comes " +
    "could couldn't did didn't do does doesn't doing don't done down during each either else enough etc even ever every everybody everyone everything " +
    "few for from further get gets getting give go goes going gone got had has have haven't having he her here hers herself him himself his how however i " +
    "if in into is isn't it it's its itself just keep know let like made make makes many may maybe me might mine more most much must my myself near " +
    "need needs neither never next no nobody none nor not nothing now of off often ok on once one only onto or other others our ours ourselves out over own " +
    "per perhaps please put quite rather really same shall she should since so some somebody someone something sometimes somewhere still such sure take " +
    "tell than that that's the their theirs them themselves then there there's these they thing things this those though through till to together " +
    "too toward towards under until up upon us use used using very want wants was way we well went were what what's whatever when where whether which while who " +
    "whom whose why will with within without won't would yes yet you your yours yourself"
  ).split(" "),
);
