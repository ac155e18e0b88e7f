"""Published data sets, downloaded when asked for: LFW, Olivetti, Omniglot, SigComp2011."""
