/** Signs in words. English first, and the most common of a few other languages: what is not here is not seen, and alarms nobody. */

/** Says that the work is done. */
export const COMPLETION =
  /\b(?:complete[ds]?|finished|(?:all|is|are|we're|everything'?s?) done|done here|final answer|terminate[ds]?|nothing (?:is )?left to do|erledigt|fertig|abgeschlossen|terminée?|finie?|completad[oa]|terminad[oa]|conclu[ií]d[oa]|completat[oa]|finito|klaar|afgerond|gotowe|zakończone|tamamlandı)\b|готово|завершен|完成|完了|終了|완료|끝났/iu;

/** Says thanks or goodbye. */
export const CLOSING =
  /\b(?:thank(?:s| you)|you(?:'re| are) (?:very )?welcome|my pleasure|pleasure|glad to help|good ?bye|bye|take care|have a (?:nice|good|great|lovely) \w+|you too|see you|danke|bitte schön|gern geschehen|auf wiedersehen|tschüss|merci|de rien|au revoir|bonne journée|gracias|de nada|adiós|hasta luego|obrigad[oa]|tchau|grazie|prego|arrivederci|bedankt|tot ziens|dziękuję|teşekkür)|спасибо|пожалуйста|до свидания|ありがとう|谢谢|再见|감사/iu;

/** Says that somebody is to answer or to do something. */
export const REQUEST =
  /[?？؟]|\b(?:please|could you|can you|would you|i need|tell me|let me know|bitte|s'il (?:vous|te) plaît|por favor|per favore|proszę|alsjeblieft)\b|пожалуйста/iu;

/** Speaks of a check, as of something to do or that was done. */
export const CHECK =
  /\b(?:(?:re|double-?)?check(?:s|ed|er|ing)?|review(?:s|ed|er|ing)?|verif(?:y|ies|ied|ier|ication|ying)|test(?:s|ed|er|ing)?|proof-?read(?:s|er|ing)?|validat(?:e|es|ed|or|ion|ing)|approv(?:e|es|ed|er|al|ing)|audit(?:s|ed|or|ing)?|quality assurance|qa|lgtm|looks good|second pair of eyes|prüf(?:t|en|er|erin|ung)?|geprüft|überprüf\w*|freigegeben|vérifi\w*|relu|relit|relire|relecteur|valid[ée]\w*|revis[ao]\w*|verific\w*|aprobad[oa]|aprovad[oa])\b|провер|確認|检查|审核|검토/iu;

/** Wants a check, as part of a task: of "a test run" it only speaks. */
export const CHECK_WANTED =
  /\b(?:verify|double-?check|proof-?read|validate|cross-?check)\b|\b(?:re-?)?(?:reviewed|checked|tested|verified|approved|validated|audited|proofread)\b|\b(?:check|review|test|audit|approve) (?:it|them|the|each|all|every|whether|that|this|facts|your)\b|\b(?:let|have|get|ask)\b[^.!?\n]{0,50}\b(?:check|review|test|verify|approve|audit|pairs? of eyes)\b|\bsecond pair of eyes\b|\b(?:prüfen|geprüft|überprüf\w*|freigeben|vérifier|relire|faire relire|valider|revisar|verificar|aprobar|verificare|controllare)\b|провер|確認して|检查|审核|검토/iu;

export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
